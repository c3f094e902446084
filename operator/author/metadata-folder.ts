import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import { Sha256 } from '../../shared/metadata/fields.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import {
  NO_FLOORS,
  plainFloors,
  RepositoryFloorsSchema,
  type RepositoryFloors,
} from '../../shared/trust/floors.ts';
import type { MetadataStore } from '../../shared/trust/repository.ts';
import { Failure } from '../failure.ts';
import { writeDurably } from '../workspace/durable-file.ts';
import { writeJsonFile } from '../workspace/json-file.ts';
import { readIfThere } from '../workspace/read-file.ts';

const FloorsFile = z.strictObject({
  schema: z.literal('sealift.floors/1'),
  floors: z.unknown(),
  sha256: Sha256,
});

/** The author's verified copy of a repository, in a folder, with its floors kept twice. */
export function metadataFolder(folder: string): MetadataStore {
  const fileOf = (role: string): string =>
    join(folder, 'trusted', `${encodeURIComponent(role)}.json`);
  const copies = ['floors.json', 'floors.copy.json'].map((name) => join(folder, name));
  return {
    load: (role) => readIfThere(fileOf(role), LIMITS.targetsBytes),
    save: (role, bytes) => writeDurably(fileOf(role), bytes),
    remove: (role) => rm(fileOf(role), { force: true }),
    loadFloors: () => loadFloors(copies),
    saveFloors: async (floors) => {
      // In this order: the first copy is never older than the second.
      for (const path of copies) await writeJsonFile(path, floorsFile(floors));
    },
  };
}

function floorsFile(floors: RepositoryFloors): z.infer<typeof FloorsFile> {
  const plain = plainFloors(floors);
  return { schema: 'sealift.floors/1', floors: plain, sha256: sha256Hex(canonicalBytes(plain)) };
}

async function loadFloors(copies: readonly string[]): Promise<RepositoryFloors> {
  const files = await Promise.all(copies.map((path) => readIfThere(path, LIMITS.targetsBytes)));
  const written = files.filter((bytes) => bytes !== undefined);
  if (written.length === 0) return NO_FLOORS;
  for (const bytes of written) {
    const floors = readFloors(bytes);
    if (floors !== undefined) return floors;
  }
  // Starting over from nothing here would open the way back to old metadata.
  throw new Failure('workspace_damaged', `both copies are unreadable: ${copies.join(', ')}`);
}

function readFloors(bytes: Uint8Array): RepositoryFloors | undefined {
  const file = FloorsFile.safeParse(jsonOrUndefined(bytes));
  if (!file.success) return undefined;
  const { floors, sha256 } = file.data;
  const parsed = RepositoryFloorsSchema.safeParse(floors);
  return parsed.success && sha256Hex(canonicalBytes(floors)) === sha256 ? parsed.data : undefined;
}

function jsonOrUndefined(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // the other copy decides
  }
}
