import { readFile } from 'node:fs/promises';
import { BENCH, type Setting } from '../bench/setting.ts';
import { GATEWAY_UNIT } from './gateway.ts';

/** The board's name at the server. */
export const BOARD_ID = 'service-board';

/** The files that a board's maker would put into /etc/sealift, and its service. */
export async function provisionFiles(setting: Setting): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['agent.json', `${JSON.stringify(configOf(setting), null, 2)}\n`],
    ['image-root.json', await readFile(setting.roots.image, 'utf8')],
    ['director-root.json', await readFile(setting.roots.director, 'utf8')],
    ['gateway.service', GATEWAY_UNIT],
  ]);
}

function configOf({ server, enrolmentToken }: Setting): unknown {
  const seenFromBoard = (address: string): string => {
    const url = new URL(address);
    url.hostname = '10.0.2.2'; // where a board of QEMU finds the machine that runs it
    return url.href;
  };
  return {
    deviceId: BOARD_ID,
    ...BENCH,
    stateDir: '/var/lib/sealift',
    slotsDir: '/var/lib/sealift-slots',
    server: {
      http: seenFromBoard(server.http),
      mqtt: seenFromBoard(server.mqtt),
      pollSeconds: 10,
      allowPlaintext: true, // to the machine that emulates the board, and nobody else
    },
    roots: { image: 'image-root.json', director: 'director-root.json' },
    enrolmentToken,
    boot: {
      kind: 'symlink',
      restart: ['systemctl', 'restart', 'gateway.service'],
      stop: ['systemctl', 'stop', 'gateway.service'],
    },
    trial: {
      probes: [{ kind: 'systemd', unit: 'gateway.service', timeoutSeconds: 20 }],
      holdSeconds: 3,
      deadlineSeconds: 40,
      maxFlaps: 0,
      watchdog: { kind: 'systemd', timeoutSeconds: 120, intervalSeconds: 20 },
    },
    drift: { allow: ['data'] },
    policy: { requireSbom: true },
  };
}
