import { join } from 'node:path';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { emptyTargets, firstRoot, type RoleChoice } from '../first-metadata.ts';
import { metadataFolder } from '../metadata-folder.ts';
import { withDelegation } from '../next-targets.ts';
import { planRotation } from './plan.ts';
import { firmwareByThief, rootByThief, type Victim } from './rehearsal-attack.ts';
import {
  carryOut,
  follow,
  publish,
  PRODUCT,
  rehearsalRelease,
  throwawayKey,
  type RehearsalWorld,
  type Stage,
} from './rehearsal-stage.ts';
import type { RoleName } from './role-name.ts';
import { Failure } from '../../failure.ts';
import { RootSchema } from '../../../shared/metadata/root.ts';
import { TargetsSchema } from '../../../shared/metadata/targets.ts';

/** How many keys the roles of a fleet have, and how many must sign. */
export type Shape = Readonly<Record<'root' | 'targets' | 'product', KeyCount>>;

interface KeyCount {
  readonly keys: number;
  readonly threshold: number;
}

/** One thing that was done, and what came of it. */
export interface RehearsalStep {
  readonly title: string;
  readonly outcome: string;
}

type People = Readonly<Record<keyof Shape, readonly [Signer, ...Signer[]]>>;

/**
 * Walks a rotation and a compromise with throwaway keys, in a fleet of the same shape: the same code
 * plans and signs as in earnest, and the verifier of the devices judges. What does not come out as it
 * must fails the rehearsal.
 */
export async function rehearse(
  shape: Shape,
  world: RehearsalWorld,
  say: (title: string, outcome: string) => void,
): Promise<void> {
  const people = peopleOf(shape, world);
  const founded = await foundFleet(shape, people, world);
  const oldest = founded.standing.imageRoot.bytes;
  const device = (name: string): Victim => ({
    store: metadataFolder(join(world.folder, name)),
    firstRoot: oldest,
  });
  const daily = device('device');
  say('Found a fleet of the same shape', await mustFollow(founded, daily));

  const [stolenRoot] = people.root;
  const rotated = await replace(founded, 'image-root', stolenRoot, people);
  say('Put a new root key in the place of an old one', await mustFollow(rotated, daily));
  say('Wake a device that knows only the oldest root', await mustFollow(rotated, device('slept')));

  const [stolen] = people.product;
  const alone = shape.product.threshold === 1;
  const before = await firmwareByThief(rotated, stolen, device('victim'));
  require(before === (alone ? 'accepted' : 'threshold_not_met'), `the thief got: ${before}`);
  say(
    'A thief signs firmware with one key of a product and all keys of the server',
    alone
      ? 'ACCEPTED: one key is enough to sign for this product. Two holders would have stopped it.'
      : `refused: ${before}`,
  );

  const revoked = await replace(rotated, `product:${PRODUCT}`, stolen, people);
  say('Put a new key in the place of the stolen one', await mustFollow(revoked, daily));
  const after = await firmwareByThief(revoked, stolen, device('victim-2'));
  require(after === 'threshold_not_met', `the stolen key still got: ${after}`);
  say('The thief tries again, with the same keys', `refused: ${after}`);

  const root = await rootByThief(revoked, stolenRoot, device('victim-3'));
  require(root === 'threshold_not_met', `the old root key still got: ${root}`);
  say('A thief signs a next root with the old root key', `refused: ${root}`);
  say(
    'Wake another device that knows only the oldest root',
    await mustFollow(revoked, device('last')),
  );
}

async function foundFleet(shape: Shape, people: People, world: RehearsalWorld): Promise<Stage> {
  const { now } = world;
  const online = throwawayKey(world);
  const server = { keys: [online.publicKey], threshold: 1 };
  const choice = (role: keyof Shape): RoleChoice => ({
    keys: people[role].map(({ publicKey }) => publicKey),
    threshold: shape[role].threshold,
  });
  const root = firstRoot(
    { root: choice('root'), targets: choice('targets'), snapshot: server, timestamp: server },
    now,
  );
  const targets = withDelegation(emptyTargets(now), PRODUCT, choice('product'), now);
  const role = rehearsalRelease(emptyTargets(now), 'good', now);
  const standing = {
    imageRoot: await signed(root, RootSchema.parse(root), people.root),
    imageTargets: await signed(targets, TargetsSchema.parse(targets), people.targets),
    products: new Map([[PRODUCT, await signed(role, TargetsSchema.parse(role), people.product)]]),
    directorRoot: undefined,
  };
  return publish({ world, online, standing, version: 0 }, standing);
}

async function signed<Content, File extends Parameters<typeof signMetadata>[0]>(
  file: File,
  content: Content,
  signers: readonly Signer[],
): Promise<{ content: Content; file: File; bytes: Uint8Array }> {
  return { content, file, bytes: await signMetadata(file, signers) };
}

/** A rotation as `sealift keys rotate` plans it, signed by everybody who may. */
async function replace(stage: Stage, role: RoleName, old: Signer, people: People): Promise<Stage> {
  const anew = throwawayKey(stage.world);
  const { standing, world } = stage;
  const to = { old: old.keyId, key: anew.publicKey, name: undefined };
  const draft = planRotation(standing, role, to, world.now);
  const all = [...people.root, ...people.targets, ...people.product, anew];
  return carryOut(stage, draft, all);
}

async function mustFollow(stage: Stage, device: Victim): Promise<string> {
  const { root, found } = await follow(stage, device, 'good');
  const newest = stage.standing.imageRoot.content.version;
  require(found && root === newest, `a device stays at root v${root}`);
  return `the device follows to root v${root} and finds its release`;
}

function peopleOf(shape: Shape, world: RehearsalWorld): People {
  const make = ({ keys }: KeyCount): readonly [Signer, ...Signer[]] => [
    throwawayKey(world),
    ...Array.from({ length: keys - 1 }, () => throwawayKey(world)),
  ];
  return { root: make(shape.root), targets: make(shape.targets), product: make(shape.product) };
}

function require(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Failure('rehearsal_failed', otherwise);
}
