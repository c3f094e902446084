import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { run } from '../processes/run.ts';
import { fromRoot } from '../root.ts';

/** A device that is a folder and a few processes on this machine. */
export interface Device {
  readonly id: string;
  readonly folder: string;
  /** Where the service in its running slot answers. */
  readonly servicePort: number;
  readonly configFile: string;
  readonly provisioning: Provisioning;
}

/** How a device is provisioned: what its maker puts into its image. */
export interface Provisioning {
  readonly id: string;
  readonly folder: string;
  readonly servicePort: number;
  readonly product: string;
  readonly hardwareId: string;
  /** Files of both roots, as the author's `keys init` wrote them. */
  readonly roots: { readonly image: string; readonly director: string };
  readonly server: { readonly http: string; readonly mqtt?: string; readonly pollSeconds: number };
  readonly enrolmentToken: string;
  /** The builder whose provenance the device asks for; without one it asks for none. */
  readonly builder?: { readonly id: string; readonly keys: readonly PublicKey[] };
  /** `service`: whether the service in the slot answers; `none`: nothing in the slot runs. */
  readonly trial: 'service' | 'none';
}

/** Writes the folder of a device, ready for `sealift-agent`. */
export async function provision(plan: Provisioning): Promise<Device> {
  const { id, folder, servicePort } = plan;
  const configFile = join(folder, 'agent.json');
  for (const name of ['state', 'slots', 'roots']) {
    await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  }
  for (const role of ['image', 'director'] as const) {
    await copyFile(plan.roots[role], rootFile(folder, role));
  }
  await writeFile(configFile, `${JSON.stringify(configOf(plan), null, 2)}\n`, { mode: 0o600 });
  return { id, folder, servicePort, configFile, provisioning: plan };
}

/** A second device with the disk of the first: its key, its trust, its slots. */
export async function copyDevice(from: Device, changes: Partial<Provisioning>): Promise<Device> {
  const copy = await provision({ ...from.provisioning, ...changes });
  for (const name of ['state', 'slots']) {
    await cp(join(from.folder, name), join(copy.folder, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('/state/lock'), // whose agent is another process
    });
  }
  return copy;
}

/** Does what the device's boot control does after a switch: starts the service of the current slot. */
export async function restartService({ folder, servicePort }: Device): Promise<void> {
  const { code, stderr } = await run([...restartCommand(folder, servicePort)]);
  if (code !== 0) throw new Error(`the service of ${folder} did not start: ${stderr}`);
}

function restartCommand(folder: string, servicePort: number) {
  const program = fromRoot('scripts', 'fleet', 'restart-service.mjs');
  return [process.execPath, program, folder, String(servicePort)] as const;
}

function configOf(plan: Provisioning) {
  const { folder, servicePort } = plan;
  const url = `http://127.0.0.1:${servicePort}/healthz`;
  const probe = { kind: 'http', url, timeoutSeconds: 2 };
  return {
    deviceId: plan.id,
    product: plan.product,
    hardwareId: plan.hardwareId,
    stateDir: join(folder, 'state'),
    slotsDir: join(folder, 'slots'),
    server: plan.server,
    roots: { image: rootFile(folder, 'image'), director: rootFile(folder, 'director') },
    enrolmentToken: plan.enrolmentToken,
    boot: { kind: 'symlink', restart: restartCommand(folder, servicePort) },
    trial: {
      probes: plan.trial === 'service' ? [probe] : [],
      withoutProbes: plan.trial !== 'service',
      holdSeconds: plan.trial === 'service' ? 1 : 0,
      deadlineSeconds: 5,
      intervalSeconds: 1,
      commitOffline: false,
    },
    policy: {
      requireSbom: true,
      ...(plan.builder && { provenance: { threshold: 1, builders: [plan.builder] } }),
    },
  };
}

function rootFile(folder: string, role: 'image' | 'director'): string {
  return join(folder, 'roots', `${role}.json`);
}
