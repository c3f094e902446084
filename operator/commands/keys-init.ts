import { makeFirstTrust, type GivenSigners, type OnlineKeys } from '../author/first-trust.ts';
import { listHeldKeys, type KeyOpening } from '../author/held-key-folder.ts';
import { createKey, listKeys } from '../author/key-folder.ts';
import {
  fingerprint,
  loadFirstFiles,
  requireOnlineKeys,
  saveFirstFiles,
  type FirstFiles,
} from '../author/trust-folder.ts';
import { openEach } from '../author/role-signers.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { Failure } from '../failure.ts';
import { OnlineKeys as OnlineKeysSchema } from '../operate/answers.ts';
import { apiOf, type Api } from '../operate/api.ts';
import { loadConfig, saveConfig, serverAddress } from '../workspace/config.ts';
import { readJsonFile } from '../workspace/json-file.ts';
import { firstRootFile } from '../workspace/workspace.ts';
import { tokenOf } from './login.ts';
import { keyOpening } from './key-opening.ts';
import { connectionTo, type CommonOptions, type Session } from './session.ts';

export interface InitOptions extends CommonOptions {
  readonly server?: string;
  readonly token?: string;
  readonly onlineKeys?: string;
  readonly single?: boolean;
  readonly allowPlaintext?: boolean;
}

const OFFLINE_ROLES = ['image-root', 'image-targets', 'director-root'] as const;

interface Target {
  readonly server: string;
  readonly token: string;
  readonly api: Api;
}

/**
 * Makes the offline half of a new system and hands it to the server. Cut before the upload, it can be
 * run again: roots that are there are used, and only uploaded. Keys without roots are never reused.
 */
export async function initKeys(session: Session, options: InitOptions): Promise<void> {
  const target = await targetOf(session, options);
  if (target !== undefined && (await target.api.trust()).initialised) {
    throw new Failure('already_initialised', `${target.server} has its roots already`);
  }
  const online = await onlineKeysOf(target, options.onlineKeys);
  const known = await loadFirstFiles(session.workspace);
  const files = known ?? (await makeFiles(session, online, options.single === true));
  requireOnlineKeys(files, online);
  if (target !== undefined) await upload(session, target, files);
  answer(session, files, target?.server);
}

async function makeFiles(
  session: Session,
  online: OnlineKeys,
  single: boolean,
): Promise<FirstFiles> {
  const { workspace, world } = session;
  const [there] = await listKeys(workspace.keysFolder);
  if (there !== undefined) throw new Failure('key_exists', `${there.path} is already there`);
  const count = single ? { keys: 1, threshold: 1 } : { keys: 3, threshold: 2 };
  const opening = keyOpening(world);
  const given = await givenSigners(session, opening, count.keys);
  session.progress('making the keys');
  const making = { vault: opening.vault, random: world.random, now: world.now() };
  const { keys, ...files } = await makeFirstTrust(online, count, making, given);
  for (const { file } of keys) await createKey(workspace.keysFolder, file);
  await saveFirstFiles(workspace, files);
  return files;
}

/** What `keys add` added takes the place of keys that would be made, role by role, never mixed. */
async function givenSigners(
  { workspace }: Session,
  opening: KeyOpening,
  count: number,
): Promise<GivenSigners> {
  const held = await listHeldKeys(workspace.keysFolder, opening);
  const given = new Map<string, readonly Signer[]>();
  for (const role of OFFLINE_ROLES) {
    const ofRole = held.filter((key) => key.role === role);
    if (ofRole.length === 0) continue;
    if (ofRole.length !== count) {
      const sentence = `${role} has ${ofRole.length} added signers, it needs ${count} or none`;
      throw new Failure('wrong_usage', sentence);
    }
    given.set(role, await openEach(ofRole));
  }
  return given;
}

async function upload(session: Session, target: Target, files: FirstFiles): Promise<void> {
  const { server, token, api } = target;
  await saveConfig(session.workspace, { server, token });
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  await api.initialiseTrust({
    imageRoot: text(files.imageRoot),
    imageTargets: text(files.imageTargets),
    directorRoot: text(files.directorRoot),
  });
}

function answer(session: Session, files: FirstFiles, server: string | undefined): void {
  const { imageFolder, directorFolder, keysFolder } = session.workspace;
  const roots = { image: firstRootFile(imageFolder), director: firstRootFile(directorFolder) };
  const fingerprints = {
    image: fingerprint(files.imageRoot),
    director: fingerprint(files.directorRoot),
  };
  const done =
    server === undefined
      ? 'The files are made. Run again with --server and --token to hand them to the server.'
      : `${server} has its roots now.`;
  session.show(
    { uploaded: server !== undefined, roots, fingerprints },
    `${done}
Keys:          ${keysFolder} (back them up: without them no device can ever be updated again)
Image root:    ${roots.image}
               sha256 ${fingerprints.image}
Director root: ${roots.director}
               sha256 ${fingerprints.director}
Put both root files, read-only, into the image of every device.`,
  );
}

/** The server that was named, or the one of `sealift login`; none when the keys are made offline. */
async function targetOf(session: Session, options: InitOptions): Promise<Target | undefined> {
  const { world, workspace } = session;
  if (options.server === undefined && options.onlineKeys !== undefined) return undefined;
  const { server, token } =
    options.server === undefined
      ? await loadConfig(workspace, world.env['SEALIFT_TOKEN'])
      : {
          server: serverAddress(options.server, options.allowPlaintext === true),
          token: tokenOf(options.token, world.env['SEALIFT_TOKEN']),
        };
  return { server, token, api: apiOf(connectionTo(world, server, token)) };
}

async function onlineKeysOf(
  target: Target | undefined,
  file: string | undefined,
): Promise<OnlineKeys> {
  if (file !== undefined) {
    const keys = await readJsonFile(file, OnlineKeysSchema);
    if (keys === undefined) throw new Failure('file_unreadable', `${file} is not there`);
    return keys;
  }
  if (target === undefined) throw new Error('bug: neither a server nor a file of online keys');
  return target.api.onlineKeys();
}
