import { keyIdOf, type PublicKey, type TufKey } from '../../../shared/crypto/public-key.ts';
import { tufDate } from '../../../shared/metadata/fields.ts';
import { withOfflineDays } from '../../../shared/trust/offline.ts';
import { Failure } from '../../failure.ts';
import type { OnlineKeys } from '../first-trust.ts';
import {
  draftOn,
  editDirectorRoot,
  editImageRoot,
  editImageTargets,
  editProduct,
  type Draft,
} from './draft.ts';
import { withFollowers } from './followers.ts';
import type { KeyChange } from './key-change.ts';
import { placeOf, placesOfKey } from './key-places.ts';
import { withProductKeys, withRootKeys, type NewHolders, type RootRole } from './role-keys.ts';
import { productOfRole, type RoleName } from './role-name.ts';
import type { Standing } from './standing.ts';

/** Which files to renew. */
export interface Renewing {
  readonly roots: boolean;
  readonly targets: boolean;
  readonly products: readonly string[];
}

/** The same content under the next number, with a new expiry: also for what has expired. */
export function planRenewal(standing: Standing, renewing: Renewing, now: Date): Draft {
  let draft = draftOn(standing, now);
  if (renewing.roots) draft = editDirectorRoot(editImageRoot(draft));
  if (renewing.targets) draft = editImageTargets(draft);
  const renewed = renewing.products.reduce((sofar, each) => editProduct(sofar, each), draft);
  return withFollowers(renewed);
}

/** Adds one key to a role, under the name of who holds it. */
export function planNewHolder(
  standing: Standing,
  role: RoleName,
  { key, name, threshold }: { key: PublicKey; name: string; threshold: number | undefined },
  now: Date,
): Draft {
  const holders = { names: new Map([[keyIdOf(key), name]]), since: tufDate(now) };
  const change = { kind: 'add', key, threshold } as const;
  return withFollowers(changeRole(draftOn(standing, now), role, change, holders));
}

/** Puts a new key in the place of an old one; its holder stays the same. */
export function planRotation(
  standing: Standing,
  role: RoleName,
  { old, key, name }: { old: string; key: PublicKey; name: string | undefined },
  now: Date,
): Draft {
  const holder = name ?? placeOf(standing, role).holders.get(old)?.name;
  const names = new Map(holder === undefined ? [] : [[keyIdOf(key), holder]]);
  const change = { kind: 'replace', keyId: old, key } as const;
  const holders = { names, since: tufDate(now) };
  return withFollowers(changeRole(draftOn(standing, now), role, change, holders));
}

/** Sets how many keys of a role must sign. */
export function planThreshold(
  standing: Standing,
  role: RoleName,
  threshold: number,
  now: Date,
): Draft {
  const change = { kind: 'threshold', threshold } as const;
  return withFollowers(changeRole(draftOn(standing, now), role, change, nobody(now)));
}

/** Takes a key out of every role of both repositories in which it stands. */
export function planRevocation(standing: Standing, key: TufKey, now: Date): Draft {
  const places = placesOfKey(standing, key);
  if (places.length === 0) throw new Failure('key_unknown', 'no role here has this key');
  const draft = places.reduce(
    (sofar, { name, keyId }) => changeRole(sofar, name, { kind: 'remove', keyId }, nobody(now)),
    draftOn(standing, now),
  );
  return withFollowers(draft);
}

/** Names other keys of the server for everything that it signs, in both repositories. */
export function planOnlineRotation(standing: Standing, online: OnlineKeys, now: Date): Draft {
  const { image, director } = online;
  const setTo = (role: RootRole, key: PublicKey): Parameters<typeof editImageRoot>[1] => {
    return (root) => withRootKeys(root, role, { kind: 'set', keys: [key] }, nobody(now));
  };
  let draft = draftOn(standing, now);
  draft = editImageRoot(draft, setTo('snapshot', image.snapshot));
  draft = editImageRoot(draft, setTo('timestamp', image.timestamp));
  draft = editDirectorRoot(draft, setTo('targets', director.targets));
  draft = editDirectorRoot(draft, setTo('snapshot', director.snapshot));
  return withFollowers(editDirectorRoot(draft, setTo('timestamp', director.timestamp)));
}

function changeRole(draft: Draft, role: RoleName, change: KeyChange, holders: NewHolders): Draft {
  if (role === 'image-root' || role === 'image-targets') {
    const inRoot = role === 'image-root' ? 'root' : 'targets';
    return editImageRoot(draft, (root) => withRootKeys(root, inRoot, change, holders));
  }
  if (role === 'director-root') {
    return editDirectorRoot(draft, (root) => withRootKeys(root, 'root', change, holders));
  }
  const product = productOfRole(role) ?? '';
  return editImageTargets(draft, (file) => withProductKeys(file, product, change, holders));
}

function nobody(now: Date): NewHolders {
  return { names: new Map(), since: tufDate(now) };
}

/** Lets words of the director be carried for so many days; 0 takes it back. */
export function planOffline(standing: Standing, maxDays: number, now: Date): Draft {
  return editDirectorRoot(draftOn(standing, now), (root) => withOfflineDays(root, maxDays));
}
