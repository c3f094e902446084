import { emptyTargets, firstRoot } from '../../../../operator/author/first-metadata.ts';
import { withDelegation } from '../../../../operator/author/next-targets.ts';
import type { ProposedFile } from '../../../../operator/author/ceremony/draft.ts';
import type {
  Standing,
  StandingRoot,
  StandingTargets,
} from '../../../../operator/author/ceremony/standing.ts';
import { nameOfFile, type SigningEvent } from '../../../../shared/ceremony/event.ts';
import { withHolders } from '../../../../shared/ceremony/holders.ts';
import { requirementsOf } from '../../../../shared/ceremony/requirements.ts';
import type { Signer } from '../../../../shared/crypto/signer.ts';
import { canonicalFile } from '../../../../shared/metadata/canonical-json.ts';
import { RootSchema, type RootFile } from '../../../../shared/metadata/root.ts';
import { signMetadata } from '../../../../shared/metadata/sign-metadata.ts';
import { TargetsSchema, type TargetsFile } from '../../../../shared/metadata/targets.ts';
import { testKey } from '../../../support/test-key.ts';

export const NOW = new Date('2026-06-01T12:00:00Z');

/** `anna`, `ben` and `carl` hold a key of each role of people; two of three sign, and two have signed. */
export const PEOPLE = ['anna', 'ben', 'carl'];

/** A key that a person holds for a role. */
export function keyOf(person: string, role = 'image-root'): Signer {
  return testKey(`${person} ${role}`);
}

const publicKeys = (role: string): Signer['publicKey'][] =>
  PEOPLE.map((person) => keyOf(person, role).publicKey);
const online = { keys: [testKey('server').publicKey], threshold: 1 };

/** A fleet with the product `gateway`, made at {@link NOW}. */
export async function fleetTrust(): Promise<Standing> {
  const holders = new Map(
    ['image-root', 'image-targets', 'director-root', 'gateway'].flatMap((role) =>
      PEOPLE.map((name) => [keyOf(name, role).keyId, { name, since: '2026-06-01T12:00:00Z' }]),
    ),
  );
  const people = (role: string) => ({ keys: publicKeys(role), threshold: 2 });
  const image = firstRoot(
    {
      ...{ root: people('image-root'), targets: people('image-targets') },
      ...{ snapshot: online, timestamp: online },
    },
    NOW,
  );
  const director = firstRoot(
    { root: people('director-root'), targets: online, snapshot: online, timestamp: online },
    NOW,
  );
  const targets = withDelegation(emptyTargets(NOW), 'gateway', people('gateway'), NOW);
  return {
    imageRoot: await standingRoot(withHolders(image, holders), 'image-root'),
    directorRoot: await standingRoot(withHolders(director, holders), 'director-root'),
    imageTargets: await standingTargets(withHolders(targets, holders), 'image-targets'),
    products: new Map([['gateway', await standingTargets(emptyTargets(NOW), 'gateway')]]),
  };
}

export async function standingRoot(file: RootFile, role: string): Promise<StandingRoot> {
  const bytes = await signMetadata(file, [keyOf('anna', role), keyOf('ben', role)]);
  return { content: RootSchema.parse(file), file, bytes };
}

export async function standingTargets(file: TargetsFile, role: string): Promise<StandingTargets> {
  const bytes = await signMetadata(file, [keyOf('anna', role), keyOf('ben', role)]);
  return { content: TargetsSchema.parse(file), file, bytes };
}

/** An open event as an honest server tells it. */
export function honestEvent(files: readonly ProposedFile[], standing: Standing): SigningEvent {
  const find = (repository: string, role: string): ProposedFile['signed'] | undefined =>
    files.find((file) => file.repository === repository && file.role === role)?.signed;
  const [imageRoot, directorRoot] = [find('image', 'root'), find('director', 'root')];
  const imageTargets = find('image', 'targets');
  const proposed = {
    imageRoot: imageRoot && RootSchema.parse(imageRoot),
    directorRoot: directorRoot && RootSchema.parse(directorRoot),
    imageTargets: imageTargets && TargetsSchema.parse(imageTargets),
  };
  const rules = {
    imageRoot: standing.imageRoot.content,
    imageTargets: standing.imageTargets.content,
    directorRoot: standing.directorRoot?.content,
  };
  return {
    ...{ id: '7', title: 'a change', state: 'open', stale: false },
    ...{ openedBy: 'anna', openedAt: NOW.toISOString(), closedAt: null },
    ...{ manifests: [], products: [] },
    files: files.map(({ repository, role, signed }) => ({
      ...{ repository, role, version: signed.version },
      expires: new Date(signed.expires).toISOString(),
      signed: Buffer.from(canonicalFile(signed)).toString('utf8'),
      requirements: requirementsOf({ repository, role }, rules, proposed).map((need) => ({
        ...{ by: need.by, threshold: need.threshold },
        keys: [...need.keys.keys()].map((keyid) => ({ keyid, signedBy: null, signedAt: null })),
      })),
    })),
  };
}

/** The event with one file changed. */
export function withFile(
  event: SigningEvent,
  name: string,
  change: (file: SigningEvent['files'][number]) => Partial<SigningEvent['files'][number]>,
): SigningEvent {
  const files = event.files.map((file) =>
    nameOfFile(file) === name ? { ...file, ...change(file) } : file,
  );
  return { ...event, files };
}
