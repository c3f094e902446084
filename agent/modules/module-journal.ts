import * as z from 'zod/mini';
import { Sha256 } from '../../shared/metadata/fields.ts';
import { Name } from '../../shared/release/names.ts';
import { keepTwice, type KeptTwice } from '../install/kept-twice.ts';

/**
 * Where a module stands. What ends in `-ing` is on disk before the module is called and changes only
 * when it has come back, so that the next life knows what was cut short.
 */
const Phase = z.enum([
  'staging', // Download: nothing has changed but the module's own folder
  'staged',
  'installing',
  'installed',
  'rebooting', // ended by a restart as it may be by coming back: what comes next is to verify it
  'verifying',
  'ready',
  'committing',
  'committed',
  'rolling_back',
  'rollback_rebooting',
  'rolled_back',
  'not_rolled_back',
]);
export type Phase = Readonly<z.infer<typeof Phase>>;

/** `Automatic`: the device is rebooted by us, once for all modules. */
export const RebootWish = z.enum(['No', 'Automatic', 'Yes']);

/** One module of the update under way. */
export const ModuleEntry = z.strictObject({
  component: Name,
  type: z.string(),
  phase: Phase,
  reboot: RebootWish,
  /** The life in which the last reboot was asked for. */
  askedIn: z.nullable(z.string()),
  /** Of the files that it was given; null where it has read them as streams. */
  filesSha256: z.nullable(Sha256),
  rollbackReboots: z.int().check(z.minimum(0)),
  /** `ArtifactFailure` has been called. */
  isToldOfFailure: z.boolean(),
  /** Why it could not be rolled back. */
  why: z.string(),
});
export type ModuleEntry = Readonly<z.infer<typeof ModuleEntry>>;

/** What the modules of one release have done, beside the state: they cannot be asked. */
export const ModuleJournal = z.strictObject({
  schema: z.literal('sealift.modules/1'),
  manifestSha256: z.nullable(Sha256),
  /** In the order of the manifest. */
  entries: z.array(ModuleEntry),
});
export type ModuleJournal = Readonly<z.infer<typeof ModuleJournal>>;

/** No module has anything to do. */
export const NO_MODULES: ModuleJournal = {
  schema: 'sealift.modules/1',
  manifestSha256: null,
  entries: [],
};

/** The journal on disk. */
export function moduleJournal(path: string): KeptTwice<ModuleJournal> {
  return keepTwice(path, { schema: ModuleJournal, plain: (journal) => journal });
}

/** A module whose download begins. */
export function newEntry(component: string, type: string): ModuleEntry {
  return {
    component,
    type,
    phase: 'staging',
    reboot: 'No',
    askedIn: null,
    filesSha256: null,
    rollbackReboots: 0,
    isToldOfFailure: false,
    why: '',
  };
}

/** Whether `ArtifactInstall` has begun: from there on the running system may be another. */
export function hasBegun({ phase }: ModuleEntry): boolean {
  return phase !== 'staging' && phase !== 'staged';
}
