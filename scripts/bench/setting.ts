import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { newSeed } from '../../shared/crypto/ed25519.ts';
import { signerFromSeed } from '../../shared/crypto/signer.ts';
import { signDsse } from '../../shared/dsse.ts';
import { makeDeviceToken } from '../../shared/protocol/device-token.ts';
import type { Enrolment } from '../../shared/protocol/enrolment.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { authorAt, type Author } from '../fleet/author.ts';
import { startServer, type Server } from '../fleet/server.ts';
import { keepProcesses, type Keeper } from '../processes/keeper.ts';

/** A server with a product and an enrolment token, as every benchmark needs one. */
export interface Setting {
  readonly folder: string;
  readonly keeper: Keeper;
  readonly author: Author;
  readonly server: Server;
  readonly roots: { readonly image: string; readonly director: string };
  readonly enrolmentToken: string;
  readonly interrupted: AbortSignal;
  readonly tell: (line: string) => void;
}

/** The product of the benchmarks, and its board. */
export const BENCH = { product: 'bench', hardwareId: 'board' } as const;

/** Of the device that only asks: no release fits it, so no rollout waits for it. */
const OTHER_BOARD = 'other-board';

const Made = z.object({ roots: z.object({ image: z.string(), director: z.string() }) });
const Added = z.object({ product: z.string() });
const Token = z.object({ token: z.string() });

/** Sets up the programs in a temporary folder, does the work, and takes everything away again. */
export async function inSetting<T>(
  interrupted: AbortSignal,
  tell: (line: string) => void,
  work: (setting: Setting) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-bench-'));
  await mkdir(join(folder, 'logs'));
  const keeper = keepProcesses(join(folder, 'logs'));
  try {
    const server = await startServer(keeper, join(folder, 'server'), interrupted);
    const home = join(folder, 'author');
    const author = authorAt({ home, passphrase: 'only for benchmarks', interrupted });
    const at = ['--server', server.http, '--token', server.token];
    const { roots } = await author.ask(Made, 'keys', 'init', '--single', ...at);
    const { product, hardwareId } = BENCH;
    const boards = ['--hardware', hardwareId, '--hardware', OTHER_BOARD];
    await author.ask(Added, 'product', 'add', product, ...boards);
    const create = ['token', 'create', '--kind', 'enrolment', '--name', 'bench', '--uses', '10'];
    const { token: enrolmentToken } = await author.ask(Token, ...create);
    const made = { folder, keeper, author, server, roots, enrolmentToken };
    return await work({ ...made, interrupted, tell });
  } finally {
    await keeper.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Enrols a device that is only a key; answers the header by which it proves itself. */
export async function enrolKey({ server, enrolmentToken }: Setting): Promise<string> {
  const signer = signerFromSeed(newSeed());
  const device = 'bench-device';
  const enrolment: Enrolment = {
    schema: 'sealift.enrolment/1',
    token: enrolmentToken,
    device,
    product: BENCH.product,
    hardwareId: OTHER_BOARD,
    publicKey: signer.publicKey.keyval.public,
  };
  const payload = Buffer.from(JSON.stringify(enrolment));
  const answer = await fetch(`${server.http}/device/v1/enroll`, {
    method: 'POST',
    headers: { 'content-type': MEDIA_TYPES.enrolment },
    body: JSON.stringify(await signDsse(MEDIA_TYPES.enrolment, payload, [signer])),
  });
  if (!answer.ok) throw new Error(`the server did not enrol us: ${await answer.text()}`);
  return `Bearer ${await makeDeviceToken(device, signer, new Date())}`;
}
