import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Conditions } from '../../shared/release/conditions.ts';

/** Nothing is ever sent there: a connected UDP socket only asks the kernel for its route. */
const ANY_PORT = 9;

/**
 * The interface by which the kernel would reach the server, as its own routing says: that is what is
 * paid for, whoever manages the network. Undefined when there is no way at all.
 */
export async function wayTo(host: string): Promise<string | undefined> {
  const found = await lookup(host.replace(/^\[|\]$/g, '')).catch(() => undefined);
  if (found === undefined) return undefined;
  const local = await localAddressTo(found.address, found.family === 6 ? 'udp6' : 'udp4');
  const bare = local?.split('%')[0];
  const all = Object.entries(networkInterfaces());
  return all.find(([, addresses]) => addresses?.some(({ address }) => address === bare))?.[0];
}

function localAddressTo(address: string, kind: 'udp4' | 'udp6'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(kind);
    const end = (local: string | undefined): void => {
      socket.close();
      resolve(local);
    };
    socket.once('error', () => {
      end(undefined);
    });
    socket.connect(ANY_PORT, address, () => {
      end(socket.address().address);
    });
  });
}

/** Whether a name is one of those; a `*` at the end stands for any rest. */
export function isOneOf(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** What of a condition does not hold. */
export async function whyNotNetwork(
  { unmetered, interfaces }: NonNullable<Conditions['network']>,
  way: string | undefined,
  isMetered: (name: string) => Promise<boolean>,
): Promise<string | undefined> {
  if (way === undefined) return 'there is no way to the server';
  if (interfaces !== undefined && !isOneOf(way, interfaces)) {
    return `the way to the server is ${way}, not ${interfaces.join(' or ')}`;
  }
  return unmetered === true && (await isMetered(way)) ? `${way} is metered` : undefined;
}
