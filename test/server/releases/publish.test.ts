import { rm, truncate } from 'node:fs/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { verifyAudit } from '../../../shared/protocol/audit.ts';
import type { ManifestFile } from '../../../shared/release/manifest.ts';
import { listAudit } from '../../../server/audit/audit-store.ts';
import { findBlob } from '../../../server/blobs/blob-store.ts';
import { listReleases } from '../../../server/releases/release-store.ts';
import { newestFile } from '../../../server/repository/metadata-store.ts';
import { AUTHOR, productTargetsText, targetEntry } from '../../support/authority.ts';
import {
  manifestText,
  publishingServer,
  SERVER_KEYS,
  type PublishingServer,
} from '../../support/publishing.ts';
import { testKey } from '../../support/test-key.ts';
import { testRelease, type TestRelease } from '../../support/test-release.ts';

/** The texts of a release that adds itself to a role after these. */
async function offer(
  release: TestRelease,
  earlier: readonly ManifestFile[] = [],
): Promise<{ manifest: string; role: string }> {
  const manifests = [...earlier, release.manifest];
  const role = await productTargetsText('gateway', manifests.length + 1, manifests);
  return { manifest: manifestText(release.manifest), role };
}

/** Everything a stranger could see of the repository. */
async function visible({ db }: PublishingServer): Promise<object> {
  const versions = await db.selectFrom('metadata').select(['role', 'version']).execute();
  const published = await db
    .selectFrom('blobs')
    .select('sha256')
    .where('published', '=', 1)
    .execute();
  return { versions, published, releases: await listReleases(db, { limit: 10 }) };
}

test('a release that a device accepts is published with role, snapshot and timestamp', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  await server.upload(release);

  const outcome = await server.publish(await offer(release));

  expect(outcome).toMatchObject({
    kind: 'published',
    release: { product: 'gateway', version: '1.0.0', securityEpoch: 1, hardwareIds: ['rpi4'] },
  });
  expect((await newestFile(server.db, 'image', 'gateway'))?.version).toBe(2);
  expect((await newestFile(server.db, 'image', 'snapshot'))?.version).toBe(3);
  expect((await newestFile(server.db, 'image', 'timestamp'))?.version).toBe(3);
  const artifact = release.manifest.artifacts[0]?.sha256 ?? '';
  expect(await findBlob(server.db, artifact)).toMatchObject({ published: true });
});

test('the very same release again answers what is there', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  await server.upload(release);
  await server.publish(await offer(release));
  const before = await visible(server);

  const again = await server.publish(await offer(release));

  expect(again).toMatchObject({ kind: 'already_published', release: { version: '1.0.0' } });
  expect(await visible(server)).toEqual(before);
});

test('an older security epoch may be published: only a device that went further refuses it', async () => {
  const server = await publishingServer();
  const first = await testRelease('2.0.0', { securityEpoch: 7 });
  const older = await testRelease('1.9.9', { securityEpoch: 3 });
  await server.upload(first);
  await server.upload(older);
  await server.publish(await offer(first));

  const outcome = await server.publish(await offer(older, [first.manifest]));

  expect(outcome).toMatchObject({ kind: 'published', release: { securityEpoch: 3 } });
});

test('two different releases of one role in a row are both published', async () => {
  const server = await publishingServer();
  const [first, second] = [await testRelease('1.0.0'), await testRelease('1.1.0')];
  await server.upload(first);
  await server.upload(second);

  await server.publish(await offer(first));
  await server.publish(await offer(second, [first.manifest]));

  const releases = await listReleases(server.db, { limit: 10 });
  expect(releases.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
});

test('the audit trail names who published what, and is whole', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  await server.upload(release);
  await server.publish(await offer(release));

  const entries = await listAudit(server.db, { after: 0, limit: 100 });

  expect(entries.at(-1)).toMatchObject({
    actor: 'operator:test',
    action: 'release_published',
    subject: 'release:gateway/1.0.0',
  });
  expect(verifyAudit(entries)).toMatchObject({ kind: 'whole', entries: entries.length });
});

interface Attack {
  readonly name: string;
  readonly says: object;
  readonly texts: (release: TestRelease) => Promise<{ manifest: string; role: string }>;
}

const product = (name: string) => testKey(`product gateway ${name}`);
const refused = (code: string): object => ({ refusal: code });
const answered = (kind: string): object => ({ outcome: { kind } });

const ATTACKS: readonly Attack[] = [
  {
    name: 'a role signed by the server itself',
    says: refused('threshold_not_met'),
    texts: (release) => roleWith(release, { signers: Object.values(SERVER_KEYS.director) }),
  },
  {
    name: 'a role signed by one key of two',
    says: refused('threshold_not_met'),
    texts: (release) => roleWith(release, { signers: [product('a')] }),
  },
  {
    name: 'a role signed by another product',
    says: refused('threshold_not_met'),
    texts: (release) => roleWith(release, { signers: AUTHOR.product('camera') }),
  },
  {
    name: 'a role that has expired',
    says: refused('metadata_expired'),
    texts: (release) => roleWith(release, { change: { expires: '2026-06-01T12:00:00Z' } }),
  },
  {
    name: 'a role that skips a version',
    says: answered('version_conflict'),
    texts: (release) => roleWith(release, { change: { version: 3 } }),
  },
  {
    name: 'a role that repeats the version that is there',
    says: answered('version_conflict'),
    texts: (release) => roleWith(release, { change: { version: 1 } }),
  },
  {
    name: 'a role that names other bytes than the manifest',
    says: refused('manifest_hash_mismatch'),
    texts: async (release) => {
      const { manifest } = await offer(release);
      return { ...(await offer(release)), manifest: manifest.replace('functional', 'recovery') };
    },
  },
  {
    name: 'a role whose target has another epoch than the manifest',
    says: refused('manifest_mismatched'),
    texts: (release) =>
      roleWith(release, {
        change: { targets: { 'gateway/1.0.0/manifest.json': otherEpoch(release.manifest) } },
      }),
  },
  {
    name: 'a role that does not list the release',
    says: refused('release_not_signed'),
    texts: (release) => roleWith(release, { change: { targets: {} } }),
  },
  {
    name: 'a role that smuggles in a second release',
    says: answered('role_unsafe'),
    texts: (release) =>
      roleWith(release, {
        change: {
          targets: {
            'gateway/1.0.0/manifest.json': targetEntry(release.manifest),
            'gateway/6.6.6/manifest.json': otherEpoch(release.manifest),
          },
        },
      }),
  },
  {
    name: 'a role that delegates further',
    says: answered('role_unsafe'),
    texts: (release) => roleWith(release, { change: { delegations: { keys: {}, roles: [] } } }),
  },
  {
    name: 'a board that the product does not have',
    says: refused('hardware_mismatch'),
    texts: async () => offer(await testRelease('1.0.0', { hardwareIds: ['toaster'] })),
  },
  {
    name: 'a condition that no agent knows',
    says: refused('condition_unsupported'),
    texts: async () => offer(await testRelease('1.0.0', { conditions: { moonPhase: 'full' } })),
  },
  {
    name: 'a product that nobody registered',
    says: answered('unknown_product'),
    texts: async () => offer(await testRelease('1.0.0', { product: 'camera' })),
  },
  {
    name: 'a manifest that is not JSON',
    says: refused('manifest_malformed'),
    texts: async (release) => ({ ...(await offer(release)), manifest: '{"schema":' }),
  },
  {
    name: 'a manifest longer than a device reads',
    says: refused('metadata_too_large'),
    texts: async (release) => ({ ...(await offer(release)), manifest: 'x'.repeat(300_000) }),
  },
  {
    name: 'a role that is not JSON',
    says: refused('metadata_malformed'),
    texts: async (release) => ({ ...(await offer(release)), role: 'null' }),
  },
];

function otherEpoch(manifest: ManifestFile): ReturnType<typeof targetEntry> {
  const { hardwareIds } = manifest;
  return {
    ...targetEntry(manifest),
    custom: { mustMatch: { securityEpoch: 99, hardwareIds, releaseCounter: 1 } },
  };
}

async function roleWith(
  { manifest }: TestRelease,
  signing: NonNullable<Parameters<typeof productTargetsText>[3]>,
): Promise<{ manifest: string; role: string }> {
  const role = await productTargetsText('gateway', 2, [manifest], signing);
  return { manifest: manifestText(manifest), role };
}

test.each(ATTACKS)('$name is not published, and nothing changes', async ({ says, texts }) => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  await server.upload(release);
  for (const change of [{ product: 'camera' }])
    await server.upload(await testRelease('1.0.0', change));
  const before = await visible(server);

  const result = await server.publish(await texts(release)).then(
    (outcome) => ({ outcome }),
    (cause: unknown) => ({ refusal: (cause as { code?: string }).code }),
  );

  expect(result).toMatchObject(says);
  expect(await visible(server)).toEqual(before);
});

test('the honest release still gets through after every attack', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  await server.upload(release);
  for (const { texts } of ATTACKS) {
    await server.publish(await texts(release)).catch(() => undefined);
  }

  expect(await server.publish(await offer(release))).toMatchObject({ kind: 'published' });
});

test('other bytes under a published version are a conflict', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  const other = await testRelease('1.0.0', { class: 'security' });
  await server.upload(release);
  await server.publish(await offer(release));

  const outcome = await server.publish(await offer(other, [release.manifest]));

  expect(outcome).toMatchObject({ kind: 'release_conflict' });
});

test('a published release can neither be dropped nor changed by the next role', async () => {
  const server = await publishingServer();
  const [first, second] = [await testRelease('1.0.0'), await testRelease('1.1.0')];
  await server.upload(first);
  await server.upload(second);
  await server.publish(await offer(first));

  const dropped = await productTargetsText('gateway', 3, [second.manifest]);
  const changed = await productTargetsText('gateway', 3, [
    { ...first.manifest, notes: 'changed' },
    second.manifest,
  ]);

  for (const role of [dropped, changed]) {
    const outcome = await server.publish({ manifest: manifestText(second.manifest), role });
    expect(outcome).toMatchObject({ kind: 'role_unsafe' });
  }
});

test('a missing, truncated or lost blob holds the release back', async () => {
  const server = await publishingServer();
  const release = await testRelease('1.0.0');
  const offered = await offer(release);
  expect(await server.publish(offered)).toMatchObject({ kind: 'blob_missing' });

  await server.upload(release);
  const path = server.blobs.pathOf(release.manifest.artifacts[0]?.sha256 ?? '');
  await truncate(path, 3);
  expect(await server.publish(offered)).toMatchObject({ kind: 'blob_missing' });

  await rm(path);
  expect(await server.publish(offered)).toMatchObject({ kind: 'blob_missing' });

  await server.upload(release);
  expect(await server.publish(offered)).toMatchObject({ kind: 'published' });
});

test.each(['metadata', 'releases', 'release_files', 'blobs', 'audit'])(
  'a database that fails at %s in the middle of publishing leaves nothing behind',
  async (table) => {
    const server = await publishingServer();
    const release = await testRelease('1.0.0');
    await server.upload(release);
    const before = await visible(server);
    const verb = table === 'blobs' ? 'update' : 'insert';
    const trigger = `create trigger broken before ${verb} on ${table}
      begin select raise(abort, 'disk full'); end`;
    await sql.raw(trigger).execute(server.db);

    await expect(server.publish(await offer(release))).rejects.toThrow('disk full');
    expect(await visible(server)).toEqual(before);

    await sql.raw('drop trigger broken').execute(server.db);
    expect(await server.publish(await offer(release))).toMatchObject({ kind: 'published' });
  },
);
