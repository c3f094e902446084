import { join } from 'node:path';
import * as z from 'zod';
import { BUILDER_ID, loadBuilder } from '../../../firmware-fixtures/builder-key.ts';
import { startAgent } from '../../fleet/agent.ts';
import type { Author } from '../../fleet/author.ts';
import { provision, type Device } from '../../fleet/device.ts';
import type { Server } from '../../fleet/server.ts';
import { freePort } from '../../processes/free-port.ts';
import type { Keeper, Running } from '../../processes/keeper.ts';
import { until } from '../../processes/until.ts';
import { devicesOf, PRODUCT } from '../fleet.ts';
import { claim, type Told } from '../stage.ts';
import type { Roots } from './make-keys.ts';

/** What enrolling needs. */
export interface Enrolling {
  readonly keeper: Keeper;
  readonly author: Author;
  readonly server: Server;
  readonly roots: Roots;
  readonly folder: string;
  readonly interrupted: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Devices that are let in, and their agents that run. */
export interface Enrolled {
  readonly devices: readonly Device[];
  readonly agents: readonly Running[];
}

/** Four hear of updates over MQTT; the fifth has no broker and asks over HTTP. */
const PLANS = [
  { id: 'gateway-01', hardwareId: 'rpi3', link: 'mqtt' },
  { id: 'gateway-02', hardwareId: 'rpi3', link: 'mqtt' },
  { id: 'gateway-03', hardwareId: 'rpi4', link: 'mqtt' },
  { id: 'gateway-04', hardwareId: 'rpi4', link: 'mqtt' },
  { id: 'gateway-05', hardwareId: 'rpi4', link: 'http' },
] as const;

const ON_MQTT = PLANS.filter(({ link }) => link === 'mqtt').length;
const SECONDS = 20;

/** Five devices make their own keys and are let in by one enrolment token. */
export async function enrolDevices(enrolling: Enrolling): Promise<Told<Enrolled>> {
  const { keeper, author, interrupted, progress } = enrolling;
  const { token } = await author.ask(
    z.object({ token: z.string() }),
    ...['token', 'create', '--kind', 'enrolment', '--name', 'demo', '--product', PRODUCT],
    ...['--uses', String(PLANS.length)],
  );
  const devices = await Promise.all(PLANS.map((plan) => provisionOne(enrolling, plan, token)));
  const agents = devices.map((device) => startAgent(keeper, device));

  const fleet = { author, devices, progress };
  const rows = await until(
    { what: 'five devices, four of them on MQTT', seconds: SECONDS, interrupted },
    async () => {
      const known = await devicesOf(fleet);
      const online = known.filter(({ presence }) => presence === 'online').length;
      return known.length === PLANS.length && online >= ON_MQTT ? known : undefined;
    },
  );
  claim(
    rows.every(({ state }) => state === 'accepted'),
    'every device is accepted',
  );
  return {
    says: `${rows.length} devices have made their keys and are accepted; four listen on MQTT, one polls over HTTP`,
    facts: { devices: rows.map(({ id }) => id) },
    value: { devices, agents },
  };
}

async function provisionOne(
  { folder, roots, server }: Enrolling,
  { id, hardwareId, link }: (typeof PLANS)[number],
  enrolmentToken: string,
): Promise<Device> {
  const { http, mqtt } = server;
  const builder = await loadBuilder();
  return provision({
    id,
    folder: join(folder, id),
    servicePort: await freePort(),
    product: PRODUCT,
    hardwareId,
    roots,
    server: link === 'mqtt' ? { http, mqtt, pollSeconds: 300 } : { http, pollSeconds: 1 },
    enrolmentToken,
    trial: 'service',
    builder: { id: BUILDER_ID, keys: [builder.publicKey] },
  });
}
