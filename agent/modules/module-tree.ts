import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseRef } from '../../shared/protocol/report.ts';
import { wipeTree } from '../install/wipe-tree.ts';

/** What a module is told about the update. */
export interface TreeFacts {
  readonly type: string;
  readonly hardwareId: string;
  /** The release that the device leaves, if it ran one. */
  readonly running: ReleaseRef | null;
  /** The release that it is brought to; null where a module is only asked what stands there. */
  readonly release: ReleaseRef | null;
  /** By the author, for this module. */
  readonly metaData: Readonly<Record<string, unknown>>;
}

/**
 * Lays out the folder that a module works in, as the file API of the protocol has it, over whatever
 * was there. An artifact's name is what Mender calls a release.
 */
export async function layOutTree(tree: string, facts: TreeFacts): Promise<void> {
  await wipeTree(tree);
  await mkdir(join(tree, 'tmp'), { recursive: true, mode: 0o700 });
  await mkdir(join(tree, 'header'), { mode: 0o700 });
  const put = (name: string, text: string): Promise<void> => writeFile(join(tree, name), text);
  await put('version', '3\n');
  await put(
    'current_artifact_name',
    facts.running === null ? '' : `${artifactName(facts.running)}\n`,
  );
  await put('current_artifact_group', '');
  await put('current_device_type', `${facts.hardwareId}\n`);
  for (const [name, text] of headersOf(facts)) await put(join('header', name), text);
}

function headersOf({
  type,
  hardwareId,
  release,
  metaData,
}: TreeFacts): readonly (readonly [string, string])[] {
  const name = release === null ? '' : artifactName(release);
  const info = {
    payloads: [{ type }],
    artifact_provides: { artifact_name: name },
    artifact_depends: { device_type: [hardwareId] },
  };
  return [
    ['artifact_name', name],
    ['artifact_group', ''],
    ['payload_type', type],
    ['header-info', JSON.stringify(info)],
    ['type-info', JSON.stringify({ type })],
    ['meta-data', JSON.stringify(metaData)],
  ];
}

function artifactName({ product, version }: ReleaseRef): string {
  return `${product}-${version}`;
}
