import { appendAudit } from '../audit/audit-store.ts';
import type { Tx } from '../database/schema.ts';
import { markRecalled, setCounter } from '../releases/recall-store.ts';
import type { Release } from '../releases/release-store.ts';
import { readRoleChange, type RoleChange } from '../releases/role-change.ts';
import { newestFile } from '../repository/metadata-store.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { readTargets } from '../repository/unverified.ts';
import { endRecalled } from '../rollouts/end-recalled-store.ts';
import { startMove, type Move } from '../rollouts/start-move.ts';
import type { StepDeps } from '../rollouts/step.ts';

/** What the effects of a change of a product's role rest on. */
export interface EffectGround {
  readonly actor: string;
  readonly now: Date;
  readonly newId: () => string;
  readonly signAssignments: StepDeps['signAssignments'];
  /** Lets the bundles that name a release count as expired: they are signed anew, with its new number. */
  readonly expireAssigned: (tx: Tx, manifestSha256: string) => Promise<void>;
}

/** What is left to do for the fleet once the change is on disk. */
export interface Aftermath {
  /** Bundles have expired and are to be signed anew and sent. */
  readonly isRetold: boolean;
  /** Rollouts that move devices off what was recalled. */
  readonly moves: readonly Move[];
}

/** What the next versions of roles change, read while the versions before are the newest. */
export async function readRoleChanges(
  tx: Tx,
  roles: readonly SignedFile[],
): Promise<readonly RoleChange[]> {
  const changes: RoleChange[] = [];
  for (const role of roles) {
    const before = await newestFile(tx, 'image', role.role);
    if (before === undefined) continue; // the first version of a role is empty
    const change = readRoleChange(readTargets(before), readTargets(role));
    if (typeof change === 'string') throw new Error(`bug: ${change}, and passed the rules`);
    changes.push(change);
  }
  return changes;
}

/** Lets a change of a role take effect on releases, rollouts and devices. */
export async function takeEffect(
  tx: Tx,
  changes: readonly RoleChange[],
  ground: EffectGround,
): Promise<Aftermath> {
  const moves: Move[] = [];
  for (const change of changes) {
    if (change.kind === 'reissued') await reissue(tx, change, ground);
    if (change.kind !== 'recalled') continue;
    if (change.raised !== undefined) await reissue(tx, change.raised, ground);
    moves.push(...(await recall(tx, change, ground)));
  }
  const isRetold = changes.some(({ kind }) => kind === 'reissued' || kind === 'recalled');
  return { isRetold, moves };
}

async function reissue(
  tx: Tx,
  { path, counter }: { readonly path: string; readonly counter: number },
  { actor, now, expireAssigned }: EffectGround,
): Promise<void> {
  const after = await setCounter(tx, path, counter);
  await expireAssigned(tx, after.manifestSha256);
  const subject = subjectOf(after);
  await appendAudit(tx, { at: now, actor, action: 'release_reissued', subject, after });
}

async function recall(
  tx: Tx,
  change: Extract<RoleChange, { readonly kind: 'recalled' }>,
  ground: EffectGround,
): Promise<readonly Move[]> {
  const { actor, now, newId, signAssignments, expireAssigned } = ground;
  const release = await markRecalled(tx, change.path, change.recall);
  const subject = subjectOf(release);
  await appendAudit(tx, { at: now, actor, action: 'release_recalled', subject, after: release });
  const deps = { now: () => now, newId, signAssignments, appendAudit };
  await endRecalled(tx, { ...release, reason: change.recall.reason, actor }, deps);
  await expireAssigned(tx, release.manifestSha256);
  const move = await startMove(tx, release.manifestSha256, { actor, deps });
  return move === undefined ? [] : [move];
}

function subjectOf({ product, version }: Release): string {
  return `release:${product}/${version}`;
}
