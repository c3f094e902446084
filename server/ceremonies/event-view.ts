import {
  nameOfFile,
  type EventFileName,
  type EventSummary,
  type SigningEvent,
} from '../../shared/ceremony/event.ts';
import type { Needs } from './signing-event.ts';
import {
  frozenOf,
  type FrozenRequirement,
  type StoredEvent,
  type StoredFile,
} from './signing-event-store.ts';

/** What everybody is shown of an event. */
export function summaryOf(event: StoredEvent, needs: Needs, stale: boolean): EventSummary {
  const { id, title, state, openedBy, openedAt, closedAt, files } = event;
  return {
    ...{ id, title, state, stale, openedBy, openedAt, closedAt },
    files: files.map((file) => ({
      repository: file.repository,
      role: file.role,
      version: file.version,
      expires: file.expires.toISOString(),
      requirements: requirementsOf(file, needs).map(({ by, threshold, keyids }) => ({
        by,
        threshold,
        keys: keyids.map((keyid) => ({ keyid, ...whoSigned(event, file, keyid) })),
      })),
    })),
  };
}

/** The whole event, with the texts that holders sign. */
export function detailsOf(event: StoredEvent, needs: Needs, stale: boolean): SigningEvent {
  const summary = summaryOf(event, needs, stale);
  const texts = event.files.map(({ signed }) => Buffer.from(signed).toString('utf8'));
  return {
    ...summary,
    files: summary.files.map((file, index) => ({
      ...file,
      signed: texts[index] ?? '',
      signatures: givenFor(event, file),
    })),
    manifests: [...event.manifests],
    products: event.products.map(({ product, hardwareIds }) => ({
      product,
      hardwareIds: [...hardwareIds],
    })),
  };
}

function requirementsOf(file: StoredFile, needs: Needs): readonly FrozenRequirement[] {
  if (file.frozen !== undefined) return file.frozen;
  return frozenOf(needs.get(nameOfFile(file)) ?? []);
}

function whoSigned(
  { signatures }: StoredEvent,
  file: StoredFile,
  keyid: string,
): { readonly signedBy: string | null; readonly signedAt: string | null } {
  const given = signatures.find(
    (signature) => signature.keyid === keyid && nameOfFile(signature) === nameOfFile(file),
  );
  return { signedBy: given?.signedBy ?? null, signedAt: given?.signedAt ?? null };
}

/** The signatures themselves: each holder checks for themselves who has signed. */
function givenFor(
  { signatures }: StoredEvent,
  file: EventFileName,
): { readonly keyid: string; readonly sig: string }[] {
  return signatures
    .filter((signature) => nameOfFile(signature) === nameOfFile(file))
    .map(({ keyid, sig }) => ({ keyid, sig }));
}
