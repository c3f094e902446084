import { join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { provision, type Device } from '../fleet/device.ts';
import { BENCH, type Setting } from './setting.ts';

/** A device that installs whatever an author has signed: its releases are noise without a service. */
export async function provisionBench(setting: Setting): Promise<Device> {
  const { folder, server, roots, enrolmentToken } = setting;
  return provision({
    id: 'bench-agent',
    folder: join(folder, 'device'),
    servicePort: await freePort(),
    ...BENCH,
    roots,
    server: { http: server.http, mqtt: server.mqtt, pollSeconds: 300 },
    enrolmentToken,
    trial: 'none',
  });
}
