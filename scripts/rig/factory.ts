import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a board is given in the factory besides its two slots. */
export interface FactoryPlan {
  readonly roots: { readonly image: string; readonly director: string };
  readonly server: { readonly http: string; readonly mqtt: string };
  readonly enrolmentToken: string;
  /** Node, where the releases are light. */
  readonly node: string | undefined;
}

export const BOARD = { id: 'board-1', product: 'board', hardwareId: 'qemu-virt-arm64' } as const;

/** Under this address a board of QEMU finds the machine that runs it. */
const HOST = '10.0.2.2';

/** Writes the tree of the data partition: configuration and roots of trust; answers its folder. */
export async function writeDataTree(work: string, plan: FactoryPlan): Promise<string> {
  const tree = join(work, 'data');
  await rm(tree, { recursive: true, force: true });
  await mkdir(tree, { recursive: true });
  await copyFile(plan.roots.image, join(tree, 'image-root.json'));
  await copyFile(plan.roots.director, join(tree, 'director-root.json'));
  if (plan.node !== undefined) {
    await mkdir(join(tree, 'bin'));
    await copyFile(plan.node, join(tree, 'bin/node'));
  }
  await writeFile(join(tree, 'agent.json'), `${JSON.stringify(configOf(plan), null, 2)}\n`);
  return tree;
}

function configOf({ server, enrolmentToken }: FactoryPlan): unknown {
  const seenFromBoard = (address: string): string => {
    const url = new URL(address);
    url.hostname = HOST;
    return url.href;
  };
  return {
    deviceId: BOARD.id,
    product: BOARD.product,
    hardwareId: BOARD.hardwareId,
    stateDir: '/data/state',
    slotsDir: '/data/slots',
    server: {
      http: seenFromBoard(server.http),
      mqtt: seenFromBoard(server.mqtt),
      pollSeconds: 10,
      allowPlaintext: true, // to the machine that emulates the board, and nobody else
    },
    roots: { image: '/data/image-root.json', director: '/data/director-root.json' },
    enrolmentToken,
    slots: { system: { a: '/dev/vda3', b: '/dev/vda4' } },
    boot: {
      kind: 'uboot',
      dialect: 'order',
      current: { from: 'argument', name: 'slot' },
      // The copy that U-Boot falls back to is written first.
      configs: ['/etc/fw_env2.config', '/etc/fw_env.config'],
      tries: 3,
      reboot: ['reboot', '-f'],
    },
    trial: {
      probes: [{ kind: 'command', command: ['/etc/sealift/health'] }],
      holdSeconds: 2,
      deadlineSeconds: 60,
      intervalSeconds: 1,
      watchdog: { kind: 'device', path: '/dev/watchdog', intervalSeconds: 5 },
    },
    policy: { requireSbom: true },
  };
}
