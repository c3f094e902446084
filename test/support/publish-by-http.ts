import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { ManifestFile } from '../../shared/release/manifest.ts';
import { productTargetsText } from './authority.ts';
import { manifestText } from './publishing.ts';
import type { TestApp } from './test-app.ts';
import type { TestRelease } from './test-release.ts';

/** Uploads what belongs to a release, as an author does it. */
export async function uploadByHttp(app: TestApp, release: TestRelease): Promise<void> {
  for (const { mediaType, bytes } of release.blobs) {
    const path = `/api/v1/blobs/${sha256Hex(bytes)}?mediaType=${encodeURIComponent(mediaType)}`;
    await app.ask(path, { method: 'PUT', body: new Uint8Array(bytes) });
  }
}

/** Uploads and publishes a release after these earlier ones of its product. */
export async function publishByHttp(
  app: TestApp,
  release: TestRelease,
  earlier: readonly ManifestFile[] = [],
): Promise<Response> {
  await uploadByHttp(app, release);
  const manifests = [...earlier, release.manifest];
  const { product } = release.manifest;
  const role = await productTargetsText(product, manifests.length + 1, manifests);
  const json = { manifest: manifestText(release.manifest), role };
  return app.ask('/api/v1/releases', { method: 'POST', json });
}
