import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { provision, type Device } from '../fleet/device.ts';
import { writeTargets } from './image.ts';
import { BENCH, type Setting } from './setting.ts';

/** A device that installs whatever an author has signed: its releases are noise without a service. */
export async function provisionBench(setting: Setting): Promise<Device> {
  const { folder, server, roots, enrolmentToken } = setting;
  const device = await provision({
    id: 'bench-agent',
    folder: join(folder, 'device'),
    servicePort: await freePort(),
    ...BENCH,
    roots,
    server: { http: server.http, mqtt: server.mqtt, pollSeconds: 300 },
    enrolmentToken,
    trial: 'none',
  });
  await addSlots(device.configFile, await writeTargets(join(folder, 'targets')));
  return device;
}

/** The component of the bench's images, and where they go. */
async function addSlots(configFile: string, rootfs: { a: string; b: string }): Promise<void> {
  const config = JSON.parse(await readFile(configFile, 'utf8')) as object;
  await writeFile(configFile, JSON.stringify({ ...config, slots: { rootfs } }));
}
