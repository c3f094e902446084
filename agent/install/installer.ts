import type { ReleaseRef } from '../../shared/protocol/report.ts';
import type { Artifact, InstallerName } from '../../shared/release/manifest.ts';
import type { InstalledComponent, PlannedArtifact, Slot } from '../state/agent-state.ts';

/** Where one component of a slot is. */
export interface Place {
  readonly slot: Slot;
  readonly component: string;
  /** The folder that belongs to it in the slot. An installer that needs none leaves it alone. */
  readonly folder: string;
}

/** One artifact on its way into the spare slot. */
export interface InstallTask extends Place {
  readonly artifact: PlannedArtifact;
  /** The file whose hash was right. */
  readonly path: string;
  /** The release that it belongs to, and the one that the device leaves. */
  readonly release: ReleaseRef;
  readonly running: ReleaseRef | null;
}

/** What stands in a place: read back from where it is, never what was meant to be written. */
export interface Measured {
  /** Null where nobody can say yet: what a module installs stands there only once it runs. */
  readonly sha256: string | null;
  /** How many bytes that is, where it is one row of bytes. */
  readonly length: number | null;
}

/**
 * One way of bringing an artifact to its place. The engine asks `accept` of every artifact before
 * anything is downloaded, `check` of every artifact before the first byte of any is written, then
 * `install` in the order of the manifest. It compares with the signed digest itself, and marks the
 * slot good only after the last: so an installer never has to undo anything.
 *
 * What goes wrong is thrown: a `Refusal` where the release is at fault, {@link TargetUnfit} where
 * this device is, `NoSpace` or an error of the platform where the disk is.
 */
export interface Installer {
  /** Judges by the signed words alone. */
  readonly accept: (artifact: Artifact) => Promise<void>;
  /** Looks whether this can end well, and changes nothing. */
  readonly check: (task: InstallTask) => Promise<void>;
  /** Writes, flushes, reads back. Called again after a power cut, over whatever was left there. */
  readonly install: (task: InstallTask) => Promise<Measured>;
  /** What stands there now; undefined when nothing does. */
  readonly measure: (place: Place, installed: InstalledComponent) => Promise<string | undefined>;
}

/** The installers that this device has, by the name in the manifest. */
export type FindInstaller = (name: InstallerName) => Installer | undefined;

/** Why a place cannot take an image: reported as the reason of the failure. */
export type UnfitReason =
  'target_missing' | 'target_unsuitable' | 'target_in_use' | 'target_too_small';

/** The place that an artifact goes to is not as it must be. Nothing was written, nobody is blamed. */
export class TargetUnfit extends Error {
  override readonly name = 'TargetUnfit';
  readonly reason: UnfitReason;

  constructor(reason: UnfitReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}
