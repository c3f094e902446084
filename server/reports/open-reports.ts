import type { KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { nativeVerify } from '../../shared/crypto/native-ed25519.ts';
import { DsseSchema, preAuthEncoding, unverifiedPayload, type Dsse } from '../../shared/dsse.ts';
import { JsonError, parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import {
  MAX_REPORT_BYTES,
  MAX_REPORT_MESSAGE_BYTES,
  MAX_REPORTS_PER_MESSAGE,
  ReportSchema,
  type Report,
} from '../../shared/protocol/report.ts';

/** A report whose signature held, in a type that cannot be wrong, and the envelope to keep. */
export interface VerifiedReport {
  readonly report: Report;
  /** What the signature covers, for telling a repetition from a contradiction. */
  readonly payload: Uint8Array;
  readonly envelope: Uint8Array;
}

export type Opened =
  | { readonly kind: 'reports'; readonly reports: readonly VerifiedReport[] }
  | { readonly kind: 'malformed_request' | 'report_refused'; readonly message: string };

const Message = z.strictObject({
  reports: z
    .array(DsseSchema)
    .check(
      z.minLength(1),
      z.maxLength(MAX_REPORTS_PER_MESSAGE, `at most ${MAX_REPORTS_PER_MESSAGE} reports a message`),
    ),
});

/** Envelopes that somebody sent: the form is right, nothing else is known. */
export type UnverifiedReports =
  | { readonly kind: 'envelopes'; readonly envelopes: readonly Dsse[] }
  | { readonly kind: 'malformed_request'; readonly message: string };

/** Reads a message of reports, whichever way it came. Costs no public-key operation. */
export function readMessage(bytes: Uint8Array): UnverifiedReports {
  if (bytes.length > MAX_REPORT_MESSAGE_BYTES) {
    return malformed(`the message is longer than ${MAX_REPORT_MESSAGE_BYTES} bytes`);
  }
  const json = readJson(bytes);
  if (json instanceof JsonError) return malformed(json.message);
  const message = Message.safeParse(json);
  return message.success
    ? { kind: 'envelopes', envelopes: message.data.reports }
    : malformed(firstIssue(message.error));
}

/** Verifies every envelope with the key of the device that sent them; one bad one refuses all. */
export function verifyReports(
  envelopes: readonly Dsse[],
  device: { readonly id: string; readonly key: KeyObject },
): Opened {
  const reports: VerifiedReport[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const opened = verifyReport(envelope, device);
    if (typeof opened === 'string') return refused(`reports.${index}: ${opened}`);
    reports.push(opened);
  }
  return { kind: 'reports', reports };
}

/** The report, or why it is refused. */
function verifyReport(
  envelope: Dsse,
  { id, key }: { readonly id: string; readonly key: KeyObject },
): VerifiedReport | string {
  const payload = unverifiedPayload(envelope);
  const refusal = signatureRefusal(envelope, payload, key);
  if (refusal !== undefined) return refusal;
  const json = readJson(payload);
  if (json instanceof JsonError) return json.message;
  const report = ReportSchema.safeParse(json);
  if (!report.success) return firstIssue(report.error);
  if (report.data.device !== id) return `is of ${report.data.device}`;
  return { report: report.data, payload, envelope: bytesOf(envelope) };
}

function signatureRefusal(
  { payloadType, signatures }: Dsse,
  payload: Uint8Array,
  key: KeyObject,
): string | undefined {
  if (payload.length > MAX_REPORT_BYTES) return `longer than ${MAX_REPORT_BYTES} bytes`;
  if (payloadType !== MEDIA_TYPES.report) return `is a ${payloadType}`;
  // A device has one key. More signatures would only be more work for us.
  const [signature, ...others] = signatures;
  if (signature === undefined || others.length > 0) return 'needs exactly one signature';
  const covered = preAuthEncoding(payloadType, payload);
  const held = nativeVerify(key, covered, Buffer.from(signature.sig, 'base64'));
  return held ? undefined : 'is not signed by this device';
}

function firstIssue({ issues: [issue] }: z.core.$ZodError): string {
  return `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
}

/** An envelope as it is kept: only what DSSE knows, so that nobody stores luggage with it. */
function bytesOf({ payloadType, payload, signatures }: Dsse): Uint8Array {
  const kept = signatures.map(({ keyid, sig }) => (keyid === undefined ? { sig } : { keyid, sig }));
  return Buffer.from(JSON.stringify({ payloadType, payload, signatures: kept }), 'utf8');
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (cause instanceof JsonError) return cause;
    throw cause;
  }
}

function malformed(message: string): {
  readonly kind: 'malformed_request';
  readonly message: string;
} {
  return { kind: 'malformed_request', message };
}

function refused(message: string): Opened {
  return { kind: 'report_refused', message };
}
