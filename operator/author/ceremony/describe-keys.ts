import type { Holders } from '../../../shared/ceremony/holders.ts';
import { keyMaterial } from '../../../shared/crypto/public-key.ts';
import type { RoleKeys } from '../../../shared/metadata/fields.ts';
import type { KeysById } from '../../../shared/metadata/keys.ts';
import { change, danger, shortId, type Finding } from './finding.ts';

/** The keys of one role in one version of a file. */
export interface KeySide {
  readonly role: RoleKeys;
  readonly keys: KeysById;
  readonly holders: Holders;
}

/** What happens to the keys of a role between two versions. */
export function describeKeys(name: string, before: KeySide, after: KeySide): readonly Finding[] {
  const left = before.role.keyids.filter((id) => !after.role.keyids.includes(id));
  const came = after.role.keyids.filter((id) => !before.role.keyids.includes(id));
  return [
    ...left.map((id) => change(`${name}: key removed, ${whose(id, before)}`)),
    ...came.map((id) => change(`${name}: key added, ${whose(id, after)}`)),
    ...renamed(name, before, after),
    ...thresholdChange(name, before.role, after.role),
    ...takenOver(name, before.role, after.role),
    ...countFaults(name, after),
  ];
}

/** A key as people know it. */
export function whose(keyId: string, { keys, holders }: Pick<KeySide, 'keys' | 'holders'>): string {
  const holder = holders.get(keyId)?.name ?? 'no holder named';
  const kind = keys.has(keyId) ? '' : ', of a kind that does not count';
  return `${holder} (${shortId(keyId)}${kind})`;
}

function renamed(name: string, before: KeySide, after: KeySide): readonly Finding[] {
  return after.role.keyids.flatMap((id) => {
    if (!before.role.keyids.includes(id)) return [];
    const [was, is] = [before.holders.get(id)?.name, after.holders.get(id)?.name];
    if (was === is) return [];
    const said = `${name}: key ${shortId(id)} was held by ${was ?? 'nobody named'}, now by ${is ?? 'nobody named'}`;
    return [was === undefined ? change(said) : danger(said)];
  });
}

function thresholdChange(name: string, before: RoleKeys, after: RoleKeys): readonly Finding[] {
  if (before.threshold === after.threshold) return [];
  const said = `${name}: ${after.threshold} must sign, until now ${before.threshold}`;
  return [after.threshold < before.threshold ? danger(`${said}: FEWER THAN BEFORE`) : change(said)];
}

/** Enough new keys at once, and those who held the role have lost it. */
function takenOver(name: string, before: RoleKeys, after: RoleKeys): readonly Finding[] {
  const kept = before.keyids.filter((id) => after.keyids.includes(id)).length;
  const came = after.keyids.length - kept;
  if (came === 0) return [];
  if (kept === 0) return [danger(`${name}: ALL KEYS ARE REPLACED`)];
  if (came < after.threshold) return [];
  return [danger(`${name}: the new keys alone can sign, without any of those there before`)];
}

function countFaults(name: string, { role, keys }: KeySide): readonly Finding[] {
  const usable = role.keyids.flatMap((id) => {
    const key = keys.get(id);
    return key === undefined ? [] : [keyMaterial(key)];
  });
  const different = new Set(usable).size;
  if (different < role.threshold) {
    return [
      danger(`${name}: ${different} usable keys can never give ${role.threshold} signatures`),
    ];
  }
  return different < usable.length ? [danger(`${name}: one key is listed under several ids`)] : [];
}
