import * as z from 'zod/mini';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { JsonError, parseStrictJson, type JsonValue } from '../../shared/metadata/strict-json.ts';
import { BundleSchema, type Bundle } from '../../shared/protocol/bundle.ts';
import { Refusal } from '../../shared/trust/refusal.ts';

/** What the server said, before anything of it was verified. */
export interface Offer {
  readonly bytes: Uint8Array;
  /** What makes two offers the same one. */
  readonly sha256: string;
  /** That it must repeat, when this device sent one. */
  readonly nonce: string | undefined;
  /** It was carried here: no server was asked. */
  readonly isHandedOver?: boolean;
}

/** An offer, from the bytes of a bundle. */
export function offerOf(bytes: Uint8Array, nonce?: string): Offer {
  const sha256 = nonce === undefined ? sha256Hex(bytes) : wordOf(bytes);
  return { bytes, sha256, nonce };
}

/** A word of the director that was carried here in a bundle. */
export function handedOver(bytes: Uint8Array): Offer {
  return { bytes, sha256: sha256Hex(bytes), nonce: undefined, isHandedOver: true };
}

const Targets = z.looseObject({
  signed: z.looseObject({
    targets: z.record(z.string(), z.unknown()),
    custom: z.looseObject({ serverTime: z.string() }),
  }),
});
const DAY_CHARACTERS = 10; // 2026-06-01

/**
 * Every answer to a nonce has other bytes, so the same offer is known by what it assigns, on one day:
 * that is how often a device with a clock is told anew. It only ever keeps the agent from repeating
 * itself, so it need not be verified; what cannot be read is itself.
 */
function wordOf(bytes: Uint8Array): string {
  try {
    const { files } = openBundle({ bytes });
    const [, text] = Object.entries(files).find(([name]) => name.endsWith('.targets.json')) ?? [];
    const { targets, custom } = Targets.parse(JSON.parse(text ?? '')).signed;
    const day = custom.serverTime.slice(0, DAY_CHARACTERS);
    return sha256Hex(Buffer.from(JSON.stringify([targets, day]), 'utf8'));
  } catch {
    return sha256Hex(bytes); // it will be refused for what is wrong with it
  }
}

/** The files in a bundle, not verified. */
export function openBundle({ bytes }: Pick<Offer, 'bytes'>): Bundle {
  if (bytes.length > LIMITS.bundleBytes) {
    throw new Refusal('metadata_too_large', `the bundle has ${bytes.length} bytes`);
  }
  const bundle = BundleSchema.safeParse(parse(bytes));
  if (bundle.success) return bundle.data;
  const [issue] = bundle.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw new Refusal('metadata_malformed', `bundle at ${at}: ${issue?.message ?? 'invalid'}`);
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Refusal('metadata_malformed', `bundle: ${cause.message}`, { cause });
  }
}
