import { nameOfFile, type EventSignature } from '../../../shared/ceremony/event.ts';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { canonicalFile } from '../../../shared/metadata/canonical-json.ts';
import type { HeldKey } from '../held-key.ts';
import type { ProposedFile } from './draft.ts';
import type { InspectedEvent, InspectedFile } from './inspect-event.ts';

/**
 * Signs every file of an event with every key that counts for it, is held here and has not signed yet.
 * What is signed are the bytes that were read and described, and no others: they come from the inspection.
 */
export async function signEvent(
  { files }: Pick<InspectedEvent, 'files'>,
  held: readonly HeldKey[],
): Promise<readonly EventSignature[]> {
  const opened = new Map<string, Signer>();
  const signatures: EventSignature[] = [];
  for (const file of files) {
    for (const keyId of unsignedBy(file)) {
      const key = held.find(({ publicKey }) => keyIdOf(publicKey) === keyId);
      if (key === undefined) continue;
      // One after the other: two questions for a PIN at once could not be answered.
      const signer = opened.get(keyId) ?? (await key.open());
      opened.set(keyId, signer);
      const sig = Buffer.from(await signer.sign(file.canonical)).toString('hex');
      signatures.push({ repository: file.repository, role: file.role, keyid: keyId, sig });
    }
  }
  return signatures;
}

/** The text of a proposed file with the signatures that it has so far. */
export function envelopeText(file: ProposedFile, signatures: readonly EventSignature[]): string {
  const own = signatures
    .filter((signature) => nameOfFile(signature) === nameOfFile(file))
    .map(({ keyid, sig }) => ({ keyid, sig }));
  const bytes = canonicalFile({ signatures: own, signed: file.signed });
  return Buffer.from(bytes).toString('utf8');
}

/** The inspection as it stands once these signatures are in. */
export function withSignatures<T extends Pick<InspectedEvent, 'files'>>(
  inspected: T,
  signatures: readonly EventSignature[],
): T {
  const files = inspected.files.map((file) => {
    const signed = new Set(
      signatures.filter((each) => nameOfFile(each) === nameOfFile(file)).map(({ keyid }) => keyid),
    );
    const needs = file.needs.map((need) => {
      const signatories = need.signatories.map((each) => ({
        ...each,
        hasSigned: each.hasSigned || signed.has(each.keyId),
      }));
      const count = signatories.filter(({ hasSigned }) => hasSigned).length;
      return { ...need, signatories, signed: count, isMet: count >= need.threshold };
    });
    return { ...file, needs };
  });
  return { ...inspected, files };
}

function unsignedBy({ needs }: InspectedFile): readonly string[] {
  const open = needs.flatMap(({ signatories }) =>
    signatories.filter(({ hasSigned }) => !hasSigned).map(({ keyId }) => keyId),
  );
  return [...new Set(open)];
}
