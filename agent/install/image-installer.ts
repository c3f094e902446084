import type { AfterRead } from '../drift/read-budget.ts';
import type { Slot } from '../state/agent-state.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { compressionOf } from '../../shared/release/compression.ts';
import { flushFolder } from './durable-file.ts';
import { dirname } from 'node:path';
import { imageBlocks, requireUnpacker } from './image-blocks.ts';
import { inspectTarget, requireFits, type ImageTarget, type KernelFiles } from './image-target.ts';
import { TargetUnfit, type Installer, type InstallTask } from './installer.ts';
import { hashOfFirst } from './read-back.ts';
import { writeImage, type SignedImage } from './write-image.ts';

/** The partition, file or loop device of a component in each slot. */
export type SlotTargets = Readonly<Record<Slot, string>>;

/** What writing an image needs. */
export interface ImageDeps {
  /** By component, from the agent's configuration. */
  readonly targets: ReadonlyMap<string, SlotTargets>;
  readonly kernel: KernelFiles;
  /** Where the system's programs are, as in `PATH`. */
  readonly toolPath: string;
  readonly requireSpace: (folder: string, lengthBytes: number) => Promise<void>;
  readonly requireRunning: () => void;
  /** Of what is only measured: the budget of whoever asks. */
  readonly afterRead?: AfterRead | undefined;
}

/** `image`: raw bytes over a partition, file or loop device of the spare slot. */
export function imageInstaller(deps: ImageDeps): Installer {
  const { targets, requireRunning } = deps;
  return {
    accept: async ({ component, installed, mediaType }) => {
      if (!targets.has(component)) {
        throw new Refusal('component_unknown', `this device has no "slots" for ${component}`);
      }
      signedImage(component, installed);
      await requireUnpacker(mediaType, deps.toolPath);
    },
    check: async (task) => {
      await targetOf(deps, task);
    },
    install: (task) => install(deps, task),
    measure: async ({ slot, component }, { length }) => {
      const target = targets.get(component)?.[slot];
      if (target === undefined || length === null) return undefined;
      return hashOfFirst(target, length, requireRunning, deps.afterRead);
    },
  };
}

async function install(
  deps: ImageDeps,
  task: InstallTask,
): Promise<{ sha256: string; length: number }> {
  const { requireRunning } = deps;
  const { component, artifact, path } = task;
  const signed = signedImage(component, artifact.installed);
  const target = await targetOf(deps, task); // it may have been mounted since the check
  const blocks = imageBlocks(path, artifact.mediaType);
  const sent = await writeImage(blocks, target, signed, requireRunning);
  if (sent !== signed.sha256) {
    // Wrong already on the way: reading it back could only say the same.
    return { sha256: sent, length: signed.length };
  }
  if (target.kind === 'file') await flushFolder(dirname(target.path));
  const sha256 = await hashOfFirst(target.path, signed.length, requireRunning);
  return { sha256, length: signed.length };
}

async function targetOf(
  { targets, kernel, requireSpace }: ImageDeps,
  { component, slot, artifact }: InstallTask,
): Promise<ImageTarget> {
  const paths = targets.get(component);
  if (paths === undefined) {
    // It was there when the release was verified: the configuration was changed since.
    throw new TargetUnfit('target_missing', `there is no "slots" for ${component} any more`);
  }
  const target = await inspectTarget(paths[slot], paths[slot === 'a' ? 'b' : 'a'], kernel);
  requireFits(target, signedImage(component, artifact.installed).length);
  // Of a packed image at least so much is no zeros; how much of a plain one is, nobody knows yet.
  const isPacked = compressionOf(artifact.mediaType) !== 'none';
  if (target.kind === 'file' && isPacked) await requireSpace(dirname(target.path), artifact.length);
  return target;
}

/** Without digest and length nobody could say when the image is whole, nor measure it again. */
function signedImage(
  component: string,
  installed:
    { readonly sha256: string; readonly length?: number | null | undefined } | null | undefined,
): SignedImage {
  const length = installed?.length;
  if (installed === null || installed === undefined || length === null || length === undefined) {
    throw new Refusal(
      'installed_digest_missing',
      `the manifest does not say what stands there of ${component}`,
    );
  }
  return { sha256: installed.sha256, length };
}
