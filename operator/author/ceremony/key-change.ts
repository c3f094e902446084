import { keyIdOf, keyMaterial, type PublicKey } from '../../../shared/crypto/public-key.ts';
import type { RoleKeys } from '../../../shared/metadata/fields.ts';
import type { KeysById } from '../../../shared/metadata/keys.ts';
import { Failure } from '../../failure.ts';

/** What can happen to the keys of one role. */
export type KeyChange =
  | { readonly kind: 'add'; readonly key: PublicKey; readonly threshold: number | undefined }
  | { readonly kind: 'replace'; readonly keyId: string; readonly key: PublicKey }
  | { readonly kind: 'remove'; readonly keyId: string }
  | { readonly kind: 'threshold'; readonly threshold: number }
  | { readonly kind: 'set'; readonly keys: readonly PublicKey[] };

/** The keys of a role after a change. */
export interface NextKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
  /** Keys that were not there before. */
  readonly added: readonly PublicKey[];
}

/** A role whose keys are to change: what people call it, its keys and how many must sign. */
export interface ChangingRole {
  readonly name: string;
  readonly role: RoleKeys;
  readonly keys: KeysById;
}

/** The change, carried out; or the reason why the role could then never be signed, or not safely. */
export function changeKeys(changing: ChangingRole, change: KeyChange): NextKeys {
  const next = applied(changing, change);
  const { name } = changing;
  if (next.threshold > next.keyids.length) {
    throw new Failure(
      'threshold_unreachable',
      `${name} would have ${next.keyids.length} key(s), and ${next.threshold} must sign`,
    );
  }
  return next;
}

function applied(changing: ChangingRole, change: KeyChange): NextKeys {
  const { keyids, threshold } = changing.role;
  switch (change.kind) {
    case 'add':
      requireNew(changing, change.key);
      return {
        keyids: [...keyids, keyIdOf(change.key)],
        threshold: change.threshold ?? threshold,
        added: [change.key],
      };
    case 'replace':
      requireThere(changing, change.keyId);
      requireNew(changing, change.key);
      return {
        keyids: keyids.map((id) => (id === change.keyId ? keyIdOf(change.key) : id)),
        threshold,
        added: [change.key],
      };
    case 'remove':
      requireThere(changing, change.keyId);
      return { keyids: keyids.filter((id) => id !== change.keyId), threshold, added: [] };
    case 'threshold':
      return { keyids, threshold: change.threshold, added: [] };
    case 'set':
      return { keyids: change.keys.map(keyIdOf), threshold, added: change.keys };
  }
}

function requireThere({ name, role }: ChangingRole, keyId: string): void {
  if (role.keyids.includes(keyId)) return;
  throw new Failure('key_unknown', `${name} has no key ${keyId}`);
}

function requireNew({ name, role, keys }: ChangingRole, key: PublicKey): void {
  const material = keyMaterial(key);
  const isThere = role.keyids.some((id) => {
    const known = keys.get(id);
    return known !== undefined && keyMaterial(known) === material;
  });
  if (isThere) throw new Failure('key_in_use', `${name} has this key already`);
}
