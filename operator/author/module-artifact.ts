import { ModuleFacts, type Artifact } from '../../shared/release/manifest.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { Failure } from '../failure.ts';
import { readNamed } from '../workspace/read-file.ts';

/** What an author says of an artifact for an update module, beside its bytes. */
export interface ModuleSaid {
  /** A JSON file that becomes `header/meta-data`. */
  readonly metaPath: string | undefined;
  /** The artifact is a tar of the files that the module is given. */
  readonly isTar: boolean;
  /** What the module will say stands there, if its author knows. */
  readonly installedSha256: string | undefined;
}

const MAX_META_BYTES = 65_536;

/** The same as devices are told it, checked by the schema that they read it with. */
export async function moduleFactsOf({ metaPath, isTar }: ModuleSaid): Promise<Artifact['module']> {
  const metaData = metaPath === undefined ? {} : await readMeta(metaPath);
  const facts = ModuleFacts.safeParse({ files: isTar ? 'tar' : 'one', metaData });
  if (facts.success) return facts.data;
  throw new Failure('release_invalid', `${metaPath ?? 'the metadata'} is no JSON object`);
}

/** A manifest holds no fractions and no name twice; better said here than by every device. */
async function readMeta(path: string): Promise<unknown> {
  const bytes = await readNamed(path, MAX_META_BYTES);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('release_invalid', `${path} cannot stand in a manifest: ${why}`, { cause });
  }
}
