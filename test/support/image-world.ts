import { spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageInstaller, type SlotTargets } from '../../agent/install/image-installer.ts';
import { KERNEL_FILES, type KernelFiles } from '../../agent/install/image-target.ts';
import type { Installer, InstallTask } from '../../agent/install/installer.ts';
import type { PlannedArtifact } from '../../agent/state/agent-state.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';

/** What a test changes of the world of an installer. */
export interface ImageWorldChanges {
  readonly kernel?: KernelFiles;
  readonly toolPath?: string;
  readonly requireSpace?: () => Promise<void>;
  readonly requireRunning?: () => void;
}

/** Two targets of the component `rootfs`, and an installer for them. */
export interface ImageWorld {
  readonly folder: string;
  targets: SlotTargets;
  readonly installer: (changes?: ImageWorldChanges) => Installer;
  /** Puts a packed image where a download would be, on its way into slot b. */
  readonly task: (
    packed: Buffer,
    image: Buffer,
    changes?: Partial<PlannedArtifact>,
  ) => Promise<InstallTask>;
}

/** Targets that are files in a folder of their own. */
export async function imageWorld(): Promise<ImageWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-image-'));
  const world: ImageWorld = {
    folder,
    targets: { a: join(folder, 'rootfs-a'), b: join(folder, 'rootfs-b') },
    installer: (changes = {}) =>
      imageInstaller({
        targets: new Map([['rootfs', world.targets]]),
        kernel: KERNEL_FILES,
        toolPath: process.env['PATH'] ?? '',
        requireSpace: () => Promise.resolve(),
        requireRunning: () => undefined,
        ...changes,
      }),
    task: async (packed, image, changes = {}) => {
      const path = join(folder, 'artifact');
      await writeFile(path, packed);
      const artifact: PlannedArtifact = {
        component: 'rootfs',
        installer: 'image',
        fileName: 'rootfs.img',
        mediaType: 'application/octet-stream',
        sha256: sha256Hex(packed),
        length: packed.length,
        installed: { sha256: sha256Hex(image), length: image.length },
        ...changes,
      };
      const release = { product: 'gateway', version: '2', manifestSha256: '2'.repeat(64) };
      const place = { slot: 'b', component: 'rootfs', folder: join(folder, 'slot') } as const;
      return { ...place, artifact, path, release, running: null };
    },
  };
  await writeFile(world.targets.a, 'what runs');
  await writeFile(world.targets.b, 'what was there before');
  return world;
}

/** Whether this system has a program. */
export function has(tool: string): boolean {
  return spawnSync(tool, ['--version']).status === 0;
}
