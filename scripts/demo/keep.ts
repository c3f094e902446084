import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePath } from '../build/build-program.ts';
import { servicePids } from './end-services.ts';
import type { Standing } from './story.ts';

/** Leaves a program that ends everything, and answers how to look around and how to stop. */
export async function keepRunning(
  { server, devices, agents, home }: Standing,
  folder: string,
): Promise<string> {
  const pids = [
    server.process.pid,
    ...agents.map(({ pid }) => pid),
    ...(await servicePids(folder)),
  ];
  const stop = join(folder, 'stop.sh');
  await writeFile(stop, `#!/bin/sh\nkill ${pids.join(' ')}\nrm -rf '${folder}'\n`, { mode: 0o755 });
  const services = devices.map(
    ({ id, servicePort }) => `  ${id}  http://127.0.0.1:${servicePort}/healthz`,
  );
  return [
    'Everything keeps running:',
    `  status page  ${server.http}/`,
    `  broker       ${server.mqtt}`,
    ...services,
    `Ask as the author:  SEALIFT_HOME=${home} node ${bundlePath({ name: 'sealift' })} device list`,
    `Ask a device:       node ${bundlePath({ name: 'sealift-agent' })} status --config ${devices[0]?.configFile ?? ''}`,
    `Stop all, and remove ${folder}:  ${stop}`,
  ].join('\n');
}
