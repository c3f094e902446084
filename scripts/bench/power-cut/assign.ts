import * as z from 'zod';
import { until } from '../../processes/until.ts';
import { BENCH, type Setting } from '../setting.ts';

const Shown = z.object({ assignment: z.object({ version: z.string() }).nullable() });

/** Rolls a release out to all devices, and waits until it is assigned to those that are named. */
export async function assign(
  { server, interrupted }: Setting,
  deviceIds: readonly string[],
  version: string,
): Promise<void> {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  const phases = [{ percent: 100, successPercent: 1, failurePercent: 100 }];
  const body = JSON.stringify({ product: BENCH.product, version, phases });
  const started = await fetch(`${server.http}/api/v1/rollouts`, { method: 'POST', headers, body });
  if (started.status !== 201) throw new Error(`no rollout: ${await started.text()}`);
  const isAssigned = async (id: string): Promise<boolean> => {
    const answer = await fetch(`${server.http}/api/v1/devices/${id}`, { headers });
    return Shown.parse(await answer.json()).assignment?.version === version;
  };
  await until({ what: `the assignment of ${version}`, seconds: 60, interrupted }, async () => {
    const all = await Promise.all(deviceIds.map(isAssigned));
    return all.every(Boolean) || undefined;
  });
}
