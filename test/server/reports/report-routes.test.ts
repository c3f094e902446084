import { expect, test } from 'vitest';
import { MAX_REPORT_MESSAGE_BYTES } from '../../../shared/protocol/report.ts';
import type { Receipt } from '../../../server/reports/receive-reports.ts';
import { reportRoutes } from '../../../server/reports/report-routes.ts';

async function post(body: string, authorization?: string) {
  const received: string[] = [];
  const app = reportRoutes({
    authenticateDevice: (header) => {
      if (header === 'Bearer good') return { kind: 'device', id: 'pump-1' };
      const code = header === 'Bearer pending' ? 'device_not_accepted' : 'unauthorized';
      return Promise.resolve({ kind: 'refused', code });
    },
    receiveReports: (device, bytes) => {
      const text = Buffer.from(bytes).toString('utf8');
      received.push(`${device} ${text.length}`);
      const answers: Record<string, Receipt> = {
        malformed: { kind: 'malformed_request', message: 'no' },
        refused: { kind: 'report_refused', message: 'no' },
      };
      return Promise.resolve(answers[text] ?? { kind: 'stored', stored: 7 });
    },
  });
  const headers: Record<string, string> = authorization ? { Authorization: authorization } : {};
  const response = await app.request('/reports', { method: 'POST', headers, body });
  return { status: response.status, body: await response.json(), received };
}

test('reports of a device that proved who it is are answered with what is stored', async () => {
  expect(await post('{}', 'Bearer good')).toEqual({
    status: 200,
    body: { stored: 7 },
    received: ['pump-1 2'],
  });
});

test.each([
  [undefined, 401, 'unauthorized'],
  ['Bearer bad', 401, 'unauthorized'],
  ['Bearer pending', 403, 'device_not_accepted'],
])('with %s nothing is read', async (authorization, status, code) => {
  expect(await post('{}', authorization)).toMatchObject({ status, body: { code }, received: [] });
});

test.each([
  ['malformed', 400, 'malformed_request'],
  ['refused', 422, 'report_refused'],
])('a message that is %s is answered by its code', async (body, status, code) => {
  expect(await post(body, 'Bearer good')).toMatchObject({ status, body: { code } });
});

test('a message up to the limit is read, and one byte more is not', async () => {
  const full = 'x'.repeat(MAX_REPORT_MESSAGE_BYTES);
  expect((await post(full, 'Bearer good')).status).toBe(200);
  expect(await post(`${full}x`, 'Bearer good')).toMatchObject({
    status: 413,
    body: { code: 'too_large' },
    received: [],
  });
});
