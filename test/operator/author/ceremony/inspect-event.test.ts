import { describe, expect, test } from 'vitest';
import { proposedFiles } from '../../../../operator/author/ceremony/draft.ts';
import {
  allFindings,
  inspectEvent,
  type InspectedEvent,
} from '../../../../operator/author/ceremony/inspect-event.ts';
import {
  planNewHolder,
  planRenewal,
  planRotation,
} from '../../../../operator/author/ceremony/plan.ts';
import { signEvent } from '../../../../operator/author/ceremony/sign-event.ts';
import type { HeldKey } from '../../../../operator/author/held-key.ts';
import { withRelease } from '../../../../operator/author/next-targets.ts';
import type { SigningEvent } from '../../../../shared/ceremony/event.ts';
import { isSignedBy } from '../../../../shared/crypto/is-signed-by.ts';
import { canonicalBytes } from '../../../../shared/metadata/canonical-json.ts';
import { parseStrictJson } from '../../../../shared/metadata/strict-json.ts';
import { manifestBytes, type ManifestFile } from '../../../../shared/release/manifest.ts';
import { testKey } from '../../../support/test-key.ts';
import { fleetTrust, honestEvent, keyOf, NOW, withFile } from './fleet-trust.ts';

const standing = await fleetTrust();
const all = { roots: true, targets: true, products: ['gateway'] };
const renewal = honestEvent(proposedFiles(planRenewal(standing, all, NOW)), standing);
const rotation = honestEvent(
  proposedFiles(
    planRotation(
      standing,
      'image-root',
      { old: keyOf('carl').keyId, key: testKey('carl anew').publicKey, name: undefined },
      NOW,
    ),
  ),
  standing,
);

const inspect = (event: SigningEvent): InspectedEvent => inspectEvent(event, standing, NOW);
const fails = (code: string): unknown => expect.objectContaining({ code });
const signedOf = (event: SigningEvent, index = 0): Record<string, unknown> =>
  JSON.parse(event.files[index]?.signed ?? '') as Record<string, unknown>;
const dangers = (event: SigningEvent): string[] =>
  allFindings(inspect(event)).flatMap(({ level, text }) => (level === 'danger' ? [text] : []));

test('an honest renewal names every file, what it changes and whose signatures it needs', () => {
  const { files } = inspect(renewal);

  expect(files.map(({ repository, role, version }) => [repository, role, version])).toEqual([
    ['image', 'root', 2],
    ['director', 'root', 2],
    ['image', 'targets', 3],
    ['image', 'gateway', 2],
  ]);
  expect(dangers(renewal)).toEqual([]);
  expect(files[3]?.needs).toEqual([
    {
      ...{ by: 'image targets v3', threshold: 2, signed: 0, isMet: false },
      signatories: ['anna', 'ben', 'carl'].map((holder) => ({
        ...{ keyId: keyOf(holder, 'gateway').keyId, holder, hasSigned: false },
      })),
    },
  ]);
});

test('a next root needs a threshold of the keys before and one of its own', () => {
  const [root] = inspect(rotation).files;
  expect(root?.needs.map(({ by, threshold }) => [by, threshold])).toEqual([
    ['image root v1', 2],
    ['image root v2', 2],
  ]);
});

describe('a server that lies', () => {
  test('about who must sign is refused', () => {
    const lie = withFile(rotation, 'image/root', ({ requirements }) => ({
      requirements: requirements.slice(1),
    }));
    expect(() => inspect(lie)).toThrow(fails('event_misleading'));
  });

  test('about the threshold is refused', () => {
    const lie = withFile(rotation, 'image/root', ({ requirements }) => ({
      requirements: requirements.map((need) => ({ ...need, threshold: 1 })),
    }));
    expect(() => inspect(lie)).toThrow(fails('event_misleading'));
  });

  test('about a version or an expiry is refused', () => {
    for (const lie of [{ version: 3 }, { expires: '2026-07-01T00:00:00Z' }]) {
      expect(() => inspect(withFile(rotation, 'image/root', () => lie))).toThrow(
        fails('event_misleading'),
      );
    }
  });

  test('about who has signed is not believed', () => {
    const signedAt = NOW.toISOString();
    const lie = withFile(rotation, 'image/root', ({ requirements }) => ({
      requirements: requirements.map((need) => ({
        ...need,
        keys: need.keys.map((key) => ({ ...key, signedBy: 'anna', signedAt })),
      })),
    }));
    expect(inspect(lie).files[0]?.needs.map(({ signed }) => signed)).toEqual([0, 0]);
  });

  test('with signatures that do not hold is not believed, and those that hold count', () => {
    const canonical = canonicalBytes(parseStrictJson(Buffer.from(rotation.files[0]?.signed ?? '')));
    const [anna, ben] = [keyOf('anna'), keyOf('ben')];
    const sig = Buffer.from(anna.sign(canonical) as Uint8Array).toString('hex');
    const some = withFile(rotation, 'image/root', () => ({
      signatures: [
        { keyid: anna.keyId, sig },
        { keyid: ben.keyId, sig },
      ],
    }));
    expect(inspect(some).files[0]?.needs.map(({ signed }) => signed)).toEqual([1, 1]);
  });
});

describe('an event that does not build on what was verified', () => {
  test.each([1, 3])('because its root is v%i is refused', (version) => {
    const signed = JSON.stringify({ ...signedOf(rotation), version });
    const other = withFile(rotation, 'image/root', () => ({ version, signed }));
    expect(() => inspect(other)).toThrow(fails('event_stale'));
  });

  test('because this workspace knows more already is refused', () => {
    const newer = { ...standing, imageRoot: { ...standing.imageRoot } };
    const content = { ...standing.imageRoot.content, version: 2 };
    expect(() =>
      inspectEvent(rotation, { ...newer, imageRoot: { ...newer.imageRoot, content } }, NOW),
    ).toThrow(fails('event_stale'));
  });
});

describe('a file of an event', () => {
  test.each([
    ['that is not JSON', 'no'],
    ['that names a field twice', '{"_type":"root","_type":"root"}'],
    ['of another kind', JSON.stringify(signedOf(renewal, 2))],
  ])('%s is refused', (_what, signed) => {
    expect(() => inspect(withFile(rotation, 'image/root', () => ({ signed })))).toThrow(
      fails('event_malformed'),
    );
  });

  test('with a key under an id that is not its own is refused', () => {
    const root = signedOf(rotation);
    const keys = { ...(root['keys'] as object), ['f'.repeat(64)]: testKey('eve').publicKey };
    const signed = JSON.stringify({ ...root, keys });
    expect(() => inspect(withFile(rotation, 'image/root', () => ({ signed })))).toThrow(
      fails('event_malformed'),
    );
  });

  test('that comes twice is refused', () => {
    const twice = { ...rotation, files: [...rotation.files, ...rotation.files] };
    expect(() => inspect(twice)).toThrow(fails('event_malformed'));
  });

  test('may be written in any order and with any blanks: what is signed is the same', () => {
    const spaced = JSON.stringify(
      Object.fromEntries(Object.entries(signedOf(rotation)).reverse()),
      null,
      4,
    );
    const other = withFile(rotation, 'image/root', () => ({ signed: spaced }));
    expect(inspect(other).fingerprint).toBe(inspect(rotation).fingerprint);
  });
});

describe('a release in an event', () => {
  const written: ManifestFile = {
    ...{ schema: 'sealift.manifest/1', product: 'gateway', version: '1.0.0', securityEpoch: 1 },
    ...{ hardwareIds: ['rpi4'], class: 'functional' },
    artifacts: [
      {
        ...{ component: 'firmware', installer: 'archive', fileName: 'a.tar', length: 5 },
        ...{ mediaType: 'application/x-tar', sha256: 'd'.repeat(64) },
      },
    ],
  };
  const bytes = manifestBytes(written);
  const product = standing.products.get('gateway');
  if (product === undefined) throw new Error('bug: there is no gateway');
  const signed = withRelease(product.file, written, bytes, NOW);
  const event = honestEvent([{ repository: 'image', role: 'gateway', signed }], standing);
  const text = Buffer.from(bytes).toString('utf8');

  test('is told with what its manifest says', () => {
    const whole = { ...event, manifests: [text] };
    expect(dangers(whole)).toEqual([]);
    expect(allFindings(inspect(whole)).map((finding) => finding.text)).toContain(
      `gateway 1.0.0: firmware is a.tar, 5 bytes, sha256 ${'d'.repeat(64)}`,
    );
  });

  test('without its manifest is a danger', () => {
    expect(dangers(event)).toEqual(['gateway/1.0.0/manifest.json: IS ADDED WITHOUT ITS MANIFEST']);
  });

  test('whose manifest is shown as another than would be signed is refused', () => {
    const other = text.replace('a.tar', 'b.tar');
    expect(() => inspect({ ...event, manifests: [other] })).toThrow(fails('event_misleading'));
  });
});

test('nobody is asked to sign a file that no key counts for', () => {
  const stranger = honestEvent(
    [{ repository: 'image', role: 'lock', signed: { ...standing.imageTargets.file, version: 1 } }],
    standing,
  );
  expect(() => inspect(stranger)).toThrow(fails('event_malformed'));
});

test('what is signed are the canonical bytes of what was described, by each held key that counts', async () => {
  const draft = planNewHolder(
    standing,
    'image-root',
    { key: testKey('dora').publicKey, name: 'dora', threshold: 3 },
    NOW,
  );
  const inspected = inspect(honestEvent(proposedFiles(draft), standing));
  const held = [keyOf('anna'), testKey('dora'), testKey('eve')].map((signer): HeldKey => ({
    ...{ name: 'a', role: 'image-root', createdAt: '', source: 'file', path: '' },
    ...{ publicKey: signer.publicKey, open: () => Promise.resolve(signer) },
  }));

  const signatures = await signEvent(inspected, held);

  expect(signatures.map(({ keyid }) => keyid)).toEqual([
    keyOf('anna').keyId,
    testKey('dora').keyId,
  ]);
  const canonical = canonicalBytes(draft.imageRoot);
  for (const { keyid, sig } of signatures) {
    const key = keyid === testKey('dora').keyId ? testKey('dora') : keyOf('anna');
    expect(isSignedBy(key.publicKey, canonical, Buffer.from(sig, 'hex'))).toBe(true);
  }
});
