import type { Signer } from '../../shared/crypto/signer.ts';
import type { EventSignature, SigningEvent } from '../../shared/ceremony/event.ts';
import { keyIdOf, type PublicKey } from '../../shared/crypto/public-key.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import type { RootFile } from '../../shared/metadata/root.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import { signedText } from './authority.ts';
import type { TestApp } from './test-app.ts';

/** A file as `POST /signing-events` takes it. */
export interface Offered {
  readonly repository: 'image' | 'director';
  readonly role: string;
  readonly file: string;
}

type Repository = Offered['repository'];

/** The next version of a root that is published: with a change, signed by nobody unless said. */
export async function nextRoot(
  app: TestApp,
  repository: Repository,
  change: (root: RootFile) => Partial<RootFile> = () => ({}),
  signers: readonly Signer[] = [],
): Promise<Offered> {
  const root = await newest<RootFile>(app, repository, 'root');
  const next = { ...root, version: root.version + 1, ...change(root) };
  return { repository, role: 'root', file: await signedText(next, signers) };
}

/** The next version of image targets or of a product's role. */
export async function nextTargets(
  app: TestApp,
  role: string,
  change: (targets: TargetsFile) => Partial<TargetsFile> = () => ({}),
  signers: readonly Signer[] = [],
): Promise<Offered> {
  const targets = await newest<TargetsFile>(app, 'image', role);
  const next = { ...targets, version: targets.version + 1, ...change(targets) };
  return { repository: 'image', role, file: await signedText(next, signers) };
}

/** The signed part of the newest version of a role, as anybody can fetch it. */
export async function newest<T>(app: TestApp, repository: Repository, role: string): Promise<T> {
  const row = await app.ground.db
    .selectFrom('metadata')
    .select('bytes')
    .where('repository', '=', repository)
    .where('role', '=', role)
    .orderBy('version', 'desc')
    .executeTakeFirstOrThrow();
  return (JSON.parse(row.bytes.toString('utf8')) as { signed: T }).signed;
}

type RootRole = 'root' | 'targets' | 'snapshot' | 'timestamp';

/** A root with other keys for one role. */
export function withRole(
  role: RootRole,
  keys: readonly PublicKey[],
  threshold: number,
): (root: RootFile) => Partial<RootFile> {
  return (root) => ({
    keys: { ...root.keys, ...Object.fromEntries(keys.map((key) => [keyIdOf(key), key])) },
    roles: { ...root.roles, [role]: { keyids: keys.map(keyIdOf), threshold } },
  });
}

/** Opens an event; by the first admin unless a token is given. */
export async function openEvent(
  app: TestApp,
  files: readonly Offered[],
  more: object = {},
  token?: string,
): Promise<Response> {
  const json = { title: 'a change', files, ...more };
  const by = token === undefined ? {} : { token };
  return app.ask('/api/v1/signing-events', { method: 'POST', json, ...by });
}

/** An answer that must be an event. */
export async function eventOf(answer: Response): Promise<SigningEvent> {
  if (answer.status >= 300) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as SigningEvent;
}

/** Opens an event that must open. */
export async function opened(
  app: TestApp,
  files: readonly Offered[],
  more: object = {},
): Promise<SigningEvent> {
  return eventOf(await openEvent(app, files, more));
}

/** What a holder submits who signs every file of the event (or one) as it stands there. */
export async function signaturesBy(
  signer: Signer,
  event: SigningEvent,
  only?: string,
): Promise<readonly EventSignature[]> {
  const files = event.files.filter((file) => only === undefined || file.role === only);
  return Promise.all(
    files.map(async ({ repository, role, signed }) => {
      const payload = canonicalBytes(parseStrictJson(Buffer.from(signed, 'utf8')));
      const sig = Buffer.from(await signer.sign(payload)).toString('hex');
      return { repository, role, keyid: signer.keyId, sig };
    }),
  );
}

/** Submits signatures. */
export async function submit(
  app: TestApp,
  id: string,
  signatures: readonly EventSignature[],
  token?: string,
): Promise<Response> {
  const by = token === undefined ? {} : { token };
  const path = `/api/v1/signing-events/${id}/signatures`;
  return app.ask(path, { method: 'POST', json: { signatures }, ...by });
}

/** One holder after the other signs those files of an event that their key counts for. */
export async function signInTurn(
  app: TestApp,
  event: SigningEvent,
  signers: readonly Signer[],
): Promise<SigningEvent> {
  let now = event;
  for (const signer of signers) {
    const signatures = await signaturesBy(signer, event);
    const counting = signatures.filter(({ repository, role, keyid }) =>
      event.files.some(
        (file) =>
          file.repository === repository &&
          file.role === role &&
          file.requirements.some(({ keys }) => keys.some((key) => key.keyid === keyid)),
      ),
    );
    now = await eventOf(await submit(app, event.id, counting));
  }
  return now;
}
