import { expect, test } from 'vitest';
import type { Installer } from '../../../agent/install/installer.ts';
import { acceptArtifacts } from '../../../agent/verify/accept-artifacts.ts';
import { ManifestSchema, type Manifest } from '../../../shared/release/manifest.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import { testManifest } from '../../support/uptane-simulator.ts';

const [firmware] = testManifest('1.0.0').artifacts;
const manifest = (...artifacts: readonly object[]): Manifest =>
  ManifestSchema.parse({ ...testManifest('1.0.0'), artifacts });
const installer = (accept: Installer['accept']): Installer => ({
  accept,
  check: () => Promise.resolve(),
  install: () => Promise.reject(new Error('nothing is installed here')),
  measure: () => Promise.resolve(undefined),
});
const willing = installer(() => Promise.resolve());
const onlyArchives = (name: string): Installer | undefined =>
  name === 'archive' ? willing : undefined;

test('the artifacts of a release are planned in the order of its manifest', async () => {
  const planned = await acceptArtifacts(
    manifest(
      { ...firmware, component: 'second', installed: { sha256: 'a'.repeat(64), length: 7 } },
      { ...firmware, component: 'first' },
    ),
    onlyArchives,
  );

  expect(planned).toMatchObject([
    { component: 'second', installed: { sha256: 'a'.repeat(64), length: 7 } },
    { component: 'first', installed: null },
  ]);
});

test.each(['image', 'module:docker'])(
  'one artifact for an installer that is not here (%s) holds the whole release back',
  async (name) => {
    const release = manifest(firmware ?? {}, { ...firmware, component: 'x', installer: name });

    await expect(acceptArtifacts(release, onlyArchives)).rejects.toThrow(
      expect.objectContaining({ code: 'installer_unsupported' }),
    );
  },
);

test('an installer may refuse by the signed words alone', async () => {
  const strict = installer(() => Promise.reject(new Refusal('component_unknown', 'no place')));

  await expect(acceptArtifacts(manifest(firmware ?? {}), () => strict)).rejects.toThrow(
    expect.objectContaining({ code: 'component_unknown' }),
  );
});
