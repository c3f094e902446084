import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { writeDurably } from './durable-file.ts';
import { readIfThere } from './read-file.ts';

const MAX_BYTES = 1_024 * 1_024;

/** A JSON file of the workspace by its schema, or undefined when there is none. */
export async function readJsonFile<T extends z.core.$ZodType>(
  path: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  const bytes = await readIfThere(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  const parsed = z.safeParse(schema, parseJson(path, bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw new Failure('workspace_damaged', `${path} at ${at}: ${issue?.message ?? 'invalid'}`);
}

/** Writes a JSON file of the workspace, readable by its owner only. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await writeDurably(path, Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8'));
}

function parseJson(path: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Failure('workspace_damaged', `${path} is not JSON`, { cause });
  }
}
