import { newSeed } from '../../../shared/crypto/ed25519.ts';
import { nativePrivateKey, nativeSign } from '../../../shared/crypto/native-ed25519.ts';
import { signerFromSeed } from '../../../shared/crypto/signer.ts';
import { directorFiles, type Word } from '../../../server/director/director-files.ts';

/** Devices in one round: about a second of work. */
const ROUND = 5_000;

/** Devices for which the director signs its three files in a second, on one core, without a store. */
export async function devicesPerSecond(): Promise<number> {
  const [targets, snapshot, timestamp] = [newSeed(), newSeed(), newSeed()].map(signerFromSeed);
  if (!targets || !snapshot || !timestamp) throw new Error('bug: no keys');
  const file = {
    length: 1_024,
    hashes: { sha256: 'a'.repeat(64) },
    custom: { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 1 } },
  };
  const target = { path: 'gateway/1.0.0/manifest.json', file };
  const now = new Date();
  return perSecond(async (number) => {
    const word: Word = { deviceId: `device-${number}`, version: number + 1, target, now };
    await directorFiles(word, { targets, snapshot, timestamp });
  });
}

/** Times that node:crypto alone makes three signatures of such files in a second: the ceiling. */
export async function bareTriplesPerSecond(): Promise<number> {
  const key = nativePrivateKey(newSeed());
  const messages = [700, 400, 400].map((length) => Buffer.alloc(length, 'x'));
  return perSecond(() => {
    for (const message of messages) nativeSign(key, message);
  });
}

/** A second of processor, not of the clock on the wall: whoever else works here does not count. */
async function perSecond(work: (number: number) => void | Promise<void>): Promise<number> {
  for (let warm = 0; warm < 200; warm += 1) await work(warm);
  const begun = process.cpuUsage();
  for (let number = 0; number < ROUND; number += 1) await work(number);
  const { user, system } = process.cpuUsage(begun);
  return (ROUND / (user + system)) * 1_000_000;
}
