import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromRoot } from '../../scripts/root.ts';

const DEVICES = ['gateway-01', 'gateway-02', 'gateway-03', 'gateway-04', 'gateway-05'];
const HEX = expect.stringMatching(/^[0-9a-f]{64}$/) as string;

type Report = Readonly<Record<string, unknown>>;

/** One run of the whole story, as a person would start it. */
async function runDemo(): Promise<Report> {
  const program = fromRoot('scripts', 'demo', 'main.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', program, '--json'],
    { cwd: fromRoot(), maxBuffer: 16 * 1_024 * 1_024 },
  );
  return z.record(z.string(), z.unknown()).parse(JSON.parse(stdout));
}

describe('the demo', () => {
  let report: Report;
  beforeAll(async () => {
    report = await runDemo();
  }, 240_000);

  test('ends well, with a result for each step in the order of the story', () => {
    expect(report['ok']).toBe(true);
    expect(Object.keys(report)).toEqual([
      'ok',
      'seconds',
      'build',
      'firmware',
      'server',
      'keys',
      'enrolment',
      'goodRelease',
      'unhealthyRelease',
      'changedArtifact',
      'serverKeys',
      'fixedRelease',
      'olderRelease',
      'devices',
      'audit',
    ]);
  });

  test('starts a server and a broker', () => {
    expect(report['server']).toMatchObject({
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      mqtt: expect.stringMatching(/^mqtt:\/\/127\.0\.0\.1:\d+$/) as string,
    });
  });

  test('keeps three keys a role with the author and five online keys with the server', () => {
    expect(report['keys']).toMatchObject({ online: 5, offline: expect.any(Array) as string[] });
    const { offline } = z.object({ offline: z.array(z.string()) }).parse(report['keys']);
    expect(offline).toHaveLength(10);
  });

  test('enrols five devices', () => {
    expect(report['enrolment']).toMatchObject({ devices: DEVICES });
  });

  test('brings a good release to all devices, one canary first', () => {
    expect(report['goodRelease']).toMatchObject({
      version: '1.0.0',
      canaries: 1,
      proven: 5,
      rollout: 'completed',
    });
  });

  test('sees the canary of an unhealthy release roll back, and shows it to no other device', () => {
    const found = report['unhealthyRelease'];

    expect(found).toMatchObject({ version: '1.1.0', reason: 'health', rollout: 'halted' });
    const { rolledBack, neverSaw } = z
      .object({ rolledBack: z.string(), neverSaw: z.array(z.string()) })
      .parse(found);
    expect([rolledBack, ...neverSaw].sort()).toEqual(DEVICES);
  });

  test('sees every device refuse an artifact that was changed on the server', () => {
    expect(report['changedArtifact']).toMatchObject({
      version: '1.0.1',
      refusedBy: DEVICES,
      code: 'artifact_hash_mismatch',
      installed: 0,
    });
  });

  test('sees gate and device refuse what was signed with the keys of the server', () => {
    expect(report['serverKeys']).toMatchObject({
      gate: 'threshold_not_met',
      device: 'threshold_not_met',
      installed: 0,
    });
  });

  test('brings the release that fixes everything to all devices', () => {
    expect(report['fixedRelease']).toMatchObject({
      version: '1.2.0',
      proven: 5,
      rollout: 'completed',
    });
  });

  test('sees every device refuse a genuine release from before its security epoch', () => {
    expect(report['olderRelease']).toMatchObject({
      version: '1.0.1',
      securityEpoch: 1,
      refusedBy: DEVICES,
      code: 'security_epoch_rolled_back',
      installed: 0,
    });
  });

  test('tells of each device what it runs and what it refused and why', () => {
    const rows = DEVICES.map((device) => ({
      device,
      runs: '1.2.0',
      securityEpoch: 2,
      refused: ['1.0.1: artifact_hash_mismatch', '1.0.1: security_epoch_rolled_back'],
    }));

    expect(report['devices']).toMatchObject({ table: rows });
  });

  test('tells of exactly one device that it rolled back, and why', () => {
    const { table } = z
      .object({ table: z.array(z.object({ rolledBack: z.array(z.string()) })) })
      .parse(report['devices']);

    expect(table.flatMap(({ rolledBack }) => rolledBack)).toEqual(['1.1.0: health']);
  });

  test('verifies the chain of the audit trail', () => {
    expect(report['audit']).toMatchObject({ entries: expect.any(Number) as number, head: HEX });
  });
});
