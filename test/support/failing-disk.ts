import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, sep } from 'node:path';
import {
  BY_DESCRIPTOR,
  OF_HANDLE,
  PROMISED,
  SYNCHRONOUS,
  type CallKind,
  type CallRule,
  type CallRules,
} from './disk-calls.ts';
import { unflushed, type Unflushed } from './unflushed.ts';

/**
 * What can go wrong at one call. `cut`: the power goes before the change. `torn`: in the midst of it.
 * `cut_unflushed`: and everything that was not flushed goes with it. `refused`: the call, reads count
 * too, fails once. `persisted`: it fails once and was done all the same. `full`, `read_only`: from
 * there on nothing can grow, or change.
 */
export const DISK_FAULTS = [
  'cut',
  'torn',
  'cut_unflushed',
  'refused',
  'persisted',
  'full',
  'read_only',
] as const;

/** A fault, and the call that it begins at: of all, or of those that are no mere reads, by its kind. */
export interface DiskFault {
  readonly atCall: number;
  readonly kind: (typeof DISK_FAULTS)[number];
}

/** A disk that fails as planned, below one folder. Everything else of the machine is left alone. */
export interface FailingDisk {
  /** How many calls were made: a fault beyond them never happened. */
  readonly calls: () => number;
  /** Takes the disk back to what a real one would hold, and heals it. */
  readonly heal: () => void;
}

/** Breaks the disk below `root`. `onCut` ends the life of whoever works on it. */
export async function breakDisk(
  root: string,
  fault: DiskFault | undefined,
  onCut: () => void,
): Promise<FailingDisk> {
  const model = unflushed(root);
  const plan = planOf(fault, onCut);
  const restore: (() => void)[] = [];
  const descriptors = new Set<number>();
  const handles = new WeakSet<object>();
  const isBelow = ([from, to]: readonly unknown[]): boolean =>
    [from, to].some((path) => typeof path === 'string' && `${path}${sep}`.startsWith(root + sep));
  const replace = (owner: object, rules: CallRules, how: (real: Call, rule: CallRule) => Call) => {
    const calls = owner as Record<string, Call>;
    for (const [name, rule] of Object.entries(rules)) {
      const real = calls[name];
      if (real === undefined) throw new Error(`bug: node:fs has no ${name}`);
      calls[name] = how(real, rule);
      restore.push(() => {
        calls[name] = real;
      });
    }
  };

  replace(promises, PROMISED, (real, rule) => async (...args) => {
    if (!isBelow(args)) return real(...args);
    const value = await perform({ plan, model, rule }, args, (given) => real(...given));
    if (isHandle(value)) handles.add(value);
    return value;
  });
  replace(await handlePrototype(), OF_HANDLE, (real, rule) => {
    return async function (this: unknown, ...args: unknown[]) {
      const handle = this as FileHandle;
      if (!handles.has(handle)) return await real.apply(handle, args);
      const told = [handle.fd, ...args];
      return await perform({ plan, model, rule }, told, ([, ...given]) =>
        real.apply(handle, given),
      );
    };
  });
  replace(fs, SYNCHRONOUS, (real, rule) => (...args) => {
    if (!isBelow(args)) return real(...args);
    const value = perform({ plan, model, rule }, args, (given) => real(...given));
    if (typeof value === 'number') descriptors.add(value);
    return value;
  });
  replace(fs, BY_DESCRIPTOR, (real, rule) => (...args) => {
    if (!descriptors.has(Number(args[0]))) return real(...args);
    return perform({ plan, model, rule }, args, (given) => real(...given));
  });
  syncBuiltinESMExports();

  return {
    calls: plan.calls,
    heal: () => {
      for (const undo of restore.reverse()) undo();
      syncBuiltinESMExports();
      if (plan.isOff() && fault?.kind === 'cut_unflushed') model.lose();
      model.forget();
    },
  };
}

/** Some call of node:fs, as far as anybody here needs to know. */
type Call = (...args: unknown[]) => unknown;

interface Plan {
  /** Whether the next call is done whole, by half, or whole and denied; throws where it is not done. */
  readonly judge: (kind: CallKind) => 'whole' | 'half' | 'denied';
  /** The power goes: whatever comes now is too late. */
  readonly cut: () => Error;
  readonly calls: () => number;
  readonly isOff: () => boolean;
}

function planOf(fault: DiskFault | undefined, onCut: () => void): Plan {
  let calls = 0;
  let isOff = false;
  const cut = (): Error => {
    isOff = true;
    onCut();
    return platformError('EIO');
  };
  const judge: Plan['judge'] = (kind) => {
    if (isOff) throw platformError('EIO');
    if (fault === undefined || (kind === 'read' && fault.kind !== 'refused')) return 'whole';
    calls += 1;
    if (calls < fault.atCall) return 'whole';
    if (fault.kind === 'full' && kind === 'growth') throw platformError('ENOSPC');
    if (fault.kind === 'read_only') throw platformError('EROFS');
    return calls === fault.atCall ? strike(fault.kind, cut) : 'whole';
  };
  return { judge, cut, calls: () => calls, isOff: () => isOff };
}

function strike(kind: DiskFault['kind'], cut: () => Error): 'whole' | 'half' | 'denied' {
  switch (kind) {
    case 'refused':
      throw platformError('EIO');
    case 'persisted':
      return 'denied';
    case 'torn':
      return 'half';
    case 'cut':
    case 'cut_unflushed':
      throw cut();
    case 'full':
    case 'read_only':
      return 'whole'; // what does not grow or change
  }
}

interface Performing {
  readonly plan: Plan;
  readonly model: Unflushed;
  readonly rule: CallRule;
}

function perform(
  { plan, model, rule }: Performing,
  args: readonly unknown[],
  real: (given: readonly unknown[]) => unknown,
): unknown {
  const verdict = plan.judge(rule.kind(args));
  if (verdict === 'half' && rule.half === undefined) throw plan.cut();
  const isDone = rule.instead?.(model, args) === true;
  const after = rule.note?.(model, args);
  const finish = (value: unknown): unknown => {
    after?.();
    if (verdict === 'half') throw plan.cut();
    if (verdict !== 'denied') return value;
    if (isHandle(value)) void value.close(); // whoever is denied an open file cannot close it
    throw platformError('EIO');
  };
  const given = verdict === 'half' ? (rule.half?.(args) ?? args) : args;
  const value = isDone ? undefined : real(given);
  return value instanceof Promise ? value.then(finish) : finish(value);
}

/** An error of the platform, as Node throws them. */
function platformError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk failed`), { code, syscall: 'write' });
}

function isHandle(value: unknown): value is FileHandle {
  return typeof value === 'object' && value !== null && 'datasync' in value;
}

/** What all open files have in common can only be had from one of them. */
async function handlePrototype(): Promise<object> {
  const handle = await promises.open(dirname(process.execPath), 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as object;
}
