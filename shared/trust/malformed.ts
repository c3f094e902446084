import type * as z from 'zod/mini';
import { JsonError, parseStrictJson, type JsonValue } from '../metadata/strict-json.ts';
import { Refusal } from './refusal.ts';

/** The JSON of a file from outside, or the refusal that says what it is instead. */
export function readJson(
  code: 'metadata_malformed' | 'manifest_malformed',
  name: string,
  bytes: Uint8Array,
): JsonValue {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Refusal(code, `${name}: ${cause.message}`, { cause });
  }
}

/** The first thing that a schema found wrong, and in which field (none: the whole). */
export function firstIssue({ issues: [issue] }: z.core.$ZodError): {
  readonly field: string;
  readonly message: string;
} {
  return {
    field: issue?.path.map(String).join('.') ?? '',
    message: issue?.message ?? 'invalid',
  };
}
