import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openProbe } from '../../../agent/health/probes.ts';
import { mostFlaps, nextRound, NO_ROUNDS } from '../../../agent/health/observe-probes.ts';

describe('a tcp probe', () => {
  test('is healthy where somebody accepts, and not where nobody does', async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = openProbe({ kind: 'tcp', host: '127.0.0.1', port, timeoutSeconds: 5 }, '/');

    expect(await ask()).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
    expect(await ask()).toContain('ECONNREFUSED');
  });
});

describe('a systemd probe', () => {
  const path = process.env['PATH'] ?? '';
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-systemctl-'));
    process.env['PATH'] = `${folder}${delimiter}${path}`;
  });

  afterEach(() => {
    process.env['PATH'] = path;
  });

  async function systemctl(body: string): Promise<void> {
    await writeFile(join(folder, 'systemctl'), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, 'systemctl'), 0o755);
  }

  const shows = (active: string, life: string, load = 'loaded'): Promise<void> =>
    systemctl(
      `printf 'LoadState=${load}\\nActiveState=${active}\\nSubState=dead\\nResult=exit-code\\nInvocationID=${life}\\n'`,
    );
  const probe = (timeoutSeconds = 10) =>
    openProbe({ kind: 'systemd', unit: 'gateway.service', timeoutSeconds }, folder);

  test('is healthy while the unit is active', async () => {
    await shows('active', '1');
    const ask = probe();
    expect(await ask()).toBeUndefined();
    expect(await ask()).toBeUndefined();
  });

  test.each([
    ['failed', 'loaded', 'gateway.service is failed (dead, result exit-code)'],
    ['activating', 'loaded', 'gateway.service is activating'],
    ['inactive', 'not-found', 'gateway.service is not-found'],
  ])('is not while it is %s (%s)', async (active, load, words) => {
    await shows(active, '', load);
    expect(await probe()()).toContain(words);
  });

  test('is not when the unit died and was started anew in between', async () => {
    const ask = probe();
    await shows('active', '1');
    expect(await ask()).toBeUndefined();
    await shows('active', '2');
    expect(await ask()).toBe('gateway.service was started anew');
    expect(await ask()).toBeUndefined();
  });

  test.each([
    ['exit 1', 'ended with 1'],
    ['kill -9 $$', 'was killed by SIGKILL'],
    ['sleep 60', 'ran longer than 300 ms'],
    ['head -c 1000000 /dev/zero', 'gateway.service is unknown'],
  ])('is not when systemctl does "%s": %s', async (body, words) => {
    await systemctl(body);
    expect(await probe(body.startsWith('sleep') ? 0.3 : 10)()).toContain(words);
  });
});

describe('rounds of probes', () => {
  const played = (...rounds: readonly (readonly (string | undefined)[])[]) =>
    rounds.reduce((before, answers, at) => nextRound(before, answers, at * 10), NO_ROUNDS);

  test('count the breaks of each probe by itself, and no slow start', () => {
    const rounds = played(
      ['slow', undefined],
      [undefined, 'x'],
      ['x', undefined],
      [undefined, 'x'],
    );
    expect(rounds.probes.map(({ flaps }) => flaps)).toEqual([1, 2]);
    expect(mostFlaps(rounds)).toBe(2);
  });

  test('begin to hold when all are healthy', () => {
    expect(played(['x', undefined], [undefined, undefined]).healthySinceMs).toBe(10);
    expect(played([undefined], ['x']).healthySinceMs).toBeUndefined();
    expect(played([]).healthySinceMs).toBe(0);
  });
});
