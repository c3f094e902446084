import { sha256Hex } from '../../shared/crypto/digest.ts';
import { signedInstalledDigest } from '../../shared/release/installed-digest.ts';
import { manifestBytes } from '../../shared/release/manifest.ts';
import { withRelease } from '../author/next-targets.ts';
import { productOf } from '../author/ceremony/standing.ts';
import { retryOnConflict } from '../operate/retry-conflict.ts';
import type { ConsentOptions } from './consent.ts';
import { headText, inspectionJson, missingText } from './event-view.ts';
import { openWith, type Opened } from './open-event.ts';
import type { Publishing } from './release-sign.ts';
import type { Session } from './session.ts';
import { verifyServer } from './standing.ts';

/** Opens an event for a release that this workspace cannot sign alone. Its blobs are there already. */
export async function openRelease(
  session: Session,
  { manifest, held }: Publishing,
  consent: ConsentOptions,
): Promise<void> {
  const { product, version, artifacts } = manifest;
  const bytes = manifestBytes(manifest);
  const open = async (): Promise<Opened> => {
    const verified = await verifyServer(session);
    const { file } = productOf(verified.standing, product);
    const signed = withRelease(file, manifest, bytes, session.world.now());
    return openWith(
      {
        session,
        verified,
        opening: { title: `Publish ${product} ${version}`, held, consent },
      },
      {
        files: [{ repository: 'image', role: product, signed }],
        manifests: [Buffer.from(bytes).toString('utf8')],
      },
    );
  };
  const { event, inspected } = await retryOnConflict(open, () => {
    session.progress('the role changed meanwhile: verifying and signing again');
  });
  const outcome = event.state === 'published' ? 'is published' : 'waits for signatures';
  const manifestSha256 = sha256Hex(bytes);
  const installedSha256 = signedInstalledDigest(artifacts) ?? null;
  const facts = { product, version, manifestSha256, installedSha256, outcome };
  session.show(
    { ...facts, event: event.id, state: event.state, ...inspectionJson(inspected) },
    `${product} ${version} ${outcome.toUpperCase()}.\nmanifest sha256 ${manifestSha256}\n${headText(event)}\n${missingText(inspected)}\nThey sign with: sealift event sign ${event.id}`,
  );
}
