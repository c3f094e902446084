import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetFile } from '../../shared/metadata/targets.ts';
import { TUF_PROFILE } from '../../shared/trust/foreign-profile.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { hasHashes } from '../../shared/trust/named-by-parent.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import { fetchWhole, type FetchFile, type Repository } from '../../shared/trust/repository.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import { keptAs } from '../../shared/trust/verify-assignment.ts';
import { readIfThere, writeDurably } from '../install/durable-file.ts';
import { floorsFile } from '../verify/floors-file.ts';
import { metadataFolder } from '../verify/metadata-folder.ts';
import type { Command, Download, Refresh } from './command-line.ts';

/** What the world gives to a command. */
export interface ConformanceDeps {
  /** One file below a folder on the web. */
  readonly fetchBelow: (base: URL) => FetchFile;
  readonly now: Date;
}

/**
 * The device's verifier as an ordinary TUF client of one foreign repository, so that a public suite
 * can drive it. Throws what the verifier throws.
 */
export async function obey(command: Command, deps: ConformanceDeps): Promise<void> {
  switch (command.kind) {
    case 'init':
      return init(command.metadataDir, command.trustedRoot);
    case 'refresh':
      await refresh(await openRepository(command, deps));
      return;
    case 'download':
      return download(command, deps);
  }
}

async function init(metadataDir: string, trustedRoot: string): Promise<void> {
  const root = (await readIfThere(trustedRoot)) ?? Buffer.of();
  acceptFirstRoot(root, TUF_PROFILE);
  await mkdir(metadataDir, { recursive: true });
  await writeDurably(rootFile(metadataDir), root);
}

async function openRepository(
  { metadataDir, metadataUrl }: Refresh,
  { fetchBelow, now }: ConformanceDeps,
): Promise<Repository> {
  const floors = join(metadataDir, 'floors');
  await mkdir(floors, { recursive: true });
  return {
    name: 'image',
    fetch: fetchBelow(metadataUrl),
    store: await metadataFolder(metadataDir, 'image', floorsFile(join(floors, 'device'))),
    firstRoot: (await readIfThere(rootFile(metadataDir))) ?? Buffer.of(),
    startedAt: now,
    profile: TUF_PROFILE,
  };
}

async function download(command: Download, deps: ConformanceDeps): Promise<void> {
  const repository = await openRepository(command, deps);
  const trusted = await refresh(repository);
  const fetchTarget = deps.fetchBelow(command.targetBaseUrl);
  await mkdir(command.targetDir, { recursive: true });
  for (const path of command.targetNames) {
    const file = await findTarget(repository, trusted, path);
    if (file === undefined) throw new Refusal('release_not_signed', `nobody vouches for ${path}`);
    const place = join(command.targetDir, encodeURIComponent(path));
    const held = await readIfThere(place);
    if (held !== undefined && isNamed(held, file)) continue;
    const name = keptAs(trusted.root, encodePath(path), file).replace('targets/', '');
    const bytes = await fetchWhole(fetchTarget, name, file.length);
    if (!isNamed(bytes, file)) throw new Refusal('artifact_hash_mismatch', `${path} is another`);
    await writeDurably(place, bytes);
  }
}

function isNamed(bytes: Uint8Array, file: TargetFile): boolean {
  return bytes.length === file.length && hasHashes(bytes, file.hashes);
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function rootFile(metadataDir: string): string {
  return join(metadataDir, 'root.json');
}
