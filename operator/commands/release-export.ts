import { Command } from 'commander';
import * as z from 'zod/mini';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { DeviceId } from '../../shared/protocol/device-id.ts';
import { BUNDLE_NAMES } from '../../shared/protocol/offline-bundle.ts';
import type { Manifest } from '../../shared/release/manifest.ts';
import { MAX_OFFLINE_DAYS, offlineDays } from '../../shared/trust/offline.ts';
import { directorRootOf, productOf, type Standing } from '../author/ceremony/standing.ts';
import { openBundleSink, type BundleSink } from '../author/offline/bundle-sink.ts';
import {
  rehearseInstall,
  type CarriedWord,
  type Rehearsal,
  type Rehearsed,
} from '../author/offline/rehearse-install.ts';
import { Failure } from '../failure.ts';
import type { Api } from '../operate/api.ts';
import { imageFetch } from '../operate/image-fetch.ts';
import { openBlob } from '../operate/open-blob.ts';
import { readNamed } from '../workspace/read-file.ts';
import { firstRootFile } from '../workspace/workspace.ts';
import { collect, parseName, wholeNumber } from './arguments.ts';
import {
  common,
  connect,
  sessionOf,
  type CommonOptions,
  type Run,
  type Session,
} from './session.ts';
import { verifyServer } from './standing.ts';

interface ExportOptions extends CommonOptions {
  readonly out: string;
  readonly device?: readonly string[];
  readonly validDays?: number;
}

/** `sealift release export` */
export function exportCommand({ world }: Run): Command {
  const command = new Command('export')
    .description('write all that devices without a network need to install a release')
    .argument('<product>', 'its product', parseName)
    .argument('<version>', 'its version', parseName)
    .requiredOption('--out <path>', 'a new file that ends in .tar, or a new folder')
    .option('--device <id...>', 'for these devices (default: every accepted one)', collect)
    .option(
      '--valid-days <n>',
      'how long it may be installed (default: as long as the director root allows)',
      wholeNumber(1, MAX_OFFLINE_DAYS),
    )
    .action(async (product: string, version: string, options: ExportOptions) => {
      await exportRelease(sessionOf(world, options), { product, version }, options);
    });
  return common(command, [
    'sealift release export gateway 1.2.0 --device gw-0001 --device gw-0002 --out stick.tar',
  ]);
}

interface Wanted {
  readonly product: string;
  readonly version: string;
}

const Boards = z.looseObject({ hardwareIds: z.array(z.string()).check(z.minLength(1)) });

async function exportRelease(
  session: Session,
  wanted: Wanted,
  options: ExportOptions,
): Promise<void> {
  const { api, standing } = await verifyServer(session);
  const validDays = options.validDays ?? grantedDays(standing);
  const { hardwareIds } = Boards.parse(await api.release(wanted.product, wanted.version));
  const devices = options.device ?? (await acceptedDevices(api, wanted.product, hardwareIds));
  const { words, validUntil } = await signWords(api, wanted, requireDevices(devices), validDays);
  const rehearsal = await rehearsalOf(session, wanted, hardwareIds[0] ?? '');
  let read: Rehearsed | undefined;
  for (const word of words) read = await rehearseInstall(rehearsal, word);
  if (read === undefined) throw new Failure('no_devices', 'there is nobody to export it for');
  const until = earliest(standing, wanted.product, new Date(validUntil));
  const about = { ...wanted, exportedAt: session.world.now().toISOString(), until, devices };
  const sink = await openBundleSink(options.out);
  try {
    await writeBundle(session, sink, { about, words, ...read });
    await sink.finish();
  } catch (cause) {
    await sink.discard();
    throw cause;
  }
  session.show(
    { out: options.out, ...about },
    `${options.out}: ${wanted.product} ${wanted.version} for ${devices.length} device(s), until ${until}
Carry it there and run: sealift-agent install ${options.out} --config FILE`,
  );
}

interface Content extends Rehearsed {
  readonly about: object;
  readonly words: readonly CarriedWord[];
}

/** Small and signed files first, so that who reads it looks at them before the large ones. */
async function writeBundle(
  session: Session,
  sink: BundleSink,
  { about, words, files, manifest }: Content,
): Promise<void> {
  const { connection } = await connect(session);
  const put = (name: string, bytes: Uint8Array): Promise<void> =>
    sink.put(name, bytes.length, [bytes]);
  await put(BUNDLE_NAMES.about, Buffer.from(`${JSON.stringify(about, null, 2)}\n`));
  for (const { device, bundle } of words) {
    await put(BUNDLE_NAMES.word(device), Buffer.from(bundle, 'utf8'));
  }
  for (const [name, bytes] of files) await put(BUNDLE_NAMES.image(name), bytes);
  for (const [sha256, length] of blobsOf(manifest)) {
    session.progress(`${sha256.slice(0, 16)}: ${length} bytes`);
    await sink.put(BUNDLE_NAMES.blob(sha256), length, openBlob(connection, sha256));
  }
}

/** Everything that the manifest names, each once. */
function blobsOf({ artifacts, sbom, attestations }: Manifest): ReadonlyMap<string, number> {
  const named = [...artifacts, ...(sbom === undefined ? [] : [sbom]), ...attestations];
  return new Map(named.map(({ sha256, length }) => [sha256, length]));
}

function grantedDays(standing: Standing): number {
  const days = offlineDays(directorRootOf(standing).content);
  if (days > 0) return days;
  throw new Failure('offline_not_granted', 'the root of the director allows no offline bundles');
}

const PAGE = 200;

async function acceptedDevices(
  api: Api,
  product: string,
  boards: readonly string[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ;) {
    const { devices } = await api.devices({ product, state: 'accepted', after, limit: PAGE });
    ids.push(...devices.filter((each) => boards.includes(each.hardwareId)).map(({ id }) => id));
    after = devices.at(-1)?.id;
    if (devices.length < PAGE) return ids;
  }
}

function requireDevices(ids: readonly string[]): readonly string[] {
  const wrong = ids.find((id) => !DeviceId.safeParse(id).success);
  if (wrong !== undefined) throw new Failure('wrong_usage', `${wrong} is not a device id`);
  if (ids.length > MAX_DEVICES) {
    throw new Failure('wrong_usage', `${ids.length} devices: a bundle is for ${MAX_DEVICES}`);
  }
  if (ids.length > 0) return [...new Set(ids)];
  throw new Failure('no_devices', 'no accepted device fits this release');
}

/** One file for each, and a reader that gives up on a bundle with more entries than it expects. */
const MAX_DEVICES = 2_000;

async function signWords(
  api: Api,
  wanted: Wanted,
  devices: readonly string[],
  validDays: number,
): Promise<{ readonly words: readonly CarriedWord[]; readonly validUntil: string }> {
  const words: CarriedWord[] = [];
  let validUntil = '';
  for (let at = 0; at < devices.length; at += PAGE) {
    const some = devices.slice(at, at + PAGE);
    const signed = await api.carryWords({ ...wanted, devices: some, validDays });
    words.push(...signed.words);
    validUntil ||= signed.validUntil; // the first ones end first
  }
  return { words, validUntil };
}

async function rehearsalOf(
  session: Session,
  { product }: Wanted,
  hardwareId: string,
): Promise<Rehearsal> {
  const { imageFolder, directorFolder } = session.workspace;
  const { connection } = await connect(session);
  return {
    firstRoots: {
      image: await readNamed(firstRootFile(imageFolder), LIMITS.rootBytes),
      director: await readNamed(firstRootFile(directorFolder), LIMITS.rootBytes),
    },
    image: remembering(imageFetch(connection)),
    product,
    hardwareId,
    now: session.world.now(),
  };
}

/** Every device of a bundle reads the same files: asked for once, they cannot change between two. */
function remembering(fetch: Rehearsal['image']): Rehearsal['image'] {
  const known = new Map<string, Promise<Uint8Array | undefined>>();
  return (name, maxBytes) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const asked = fetch(name, maxBytes);
    known.set(name, asked);
    return asked;
  };
}

/** When the first of the files expires by which a device judges the bundle on the day it installs. */
function earliest(standing: Standing, product: string, validUntil: Date): string {
  const { imageRoot, imageTargets } = standing;
  const people = [imageRoot, directorRootOf(standing), imageTargets, productOf(standing, product)];
  const times = people.map(({ content }) => content.expires.getTime());
  return new Date(Math.min(validUntil.getTime(), ...times)).toISOString();
}
