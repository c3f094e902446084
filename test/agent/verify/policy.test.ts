import { describe, expect, test } from 'vitest';
import { requireNotFailed, requireSbom } from '../../../agent/verify/device-policy.ts';
import {
  provenanceOf,
  requireNamedAttestation,
  requireTrustedBuilder,
  type ProvenancePolicy,
} from '../../../agent/verify/provenance.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { signDsse } from '../../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../../shared/protocol/media-types.ts';
import { ManifestSchema, type Manifest } from '../../../shared/release/manifest.ts';
import { testKey } from '../../support/test-key.ts';
import { testManifest } from '../../support/uptane-simulator.ts';

const manifest = (changes: object = {}): Manifest =>
  ManifestSchema.parse({ ...testManifest('1.0.0'), ...changes });

const BUILDER = 'https://builder.example/a';
const SLSA = 'https://slsa.dev/provenance/v1';
const policy: ProvenancePolicy = {
  threshold: 1,
  builders: [
    { id: BUILDER, keys: [testKey('builder').publicKey] },
    { id: 'https://builder.example/b', keys: [testKey('builder b').publicKey] },
  ],
};

interface Attested {
  readonly signers?: readonly Signer[];
  readonly builder?: string;
  readonly sha256?: string;
  readonly type?: string;
  readonly payloadType?: string;
}

async function provenance(changes: Attested = {}): Promise<Uint8Array> {
  const {
    signers = [testKey('builder')],
    builder = BUILDER,
    sha256 = manifest().artifacts[0]?.sha256,
    type = SLSA,
    payloadType = MEDIA_TYPES.statement,
  } = changes;
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'artifact.tar', digest: { sha256 } }],
    predicateType: type,
    predicate: { runDetails: { builder: { id: builder } } },
  };
  const payload = Buffer.from(JSON.stringify(statement));
  return Buffer.from(JSON.stringify(await signDsse(payloadType, payload, signers)));
}

describe('provenance', () => {
  test('by a trusted builder, of these bytes, is enough', async () => {
    requireTrustedBuilder([await provenance()], manifest(), policy);
  });

  const attacks: readonly (readonly [string, Attested])[] = [
    ['signed by nobody we trust', { signers: [testKey('stranger')] }],
    ['of other bytes', { sha256: '0'.repeat(64) }],
    ['that names a builder whose key did not sign it', { builder: 'https://builder.example/b' }],
    ['of another kind of statement', { type: 'https://in-toto.io/attestation/test-result/v0.1' }],
    ['in an envelope of another type', { payloadType: 'application/json' }],
  ];

  test.each(attacks)('%s is refused', async (_name, attack) => {
    const envelopes = [await provenance(attack)];
    expect(() => {
      requireTrustedBuilder(envelopes, manifest(), policy);
    }).toThrow(expect.objectContaining({ code: 'provenance_untrusted' }));
  });

  test('beside a forged one still counts, and the forged one changes nothing', async () => {
    const envelopes = [Buffer.from('garbage'), await provenance({ signers: [testKey('x')] })];
    requireTrustedBuilder([...envelopes, await provenance()], manifest(), policy);
  });

  test('needs as many keys of the builder as the device says', async () => {
    const keys = [testKey('builder'), testKey('builder 2')];
    const strict: ProvenancePolicy = {
      threshold: 2,
      builders: [{ id: BUILDER, keys: keys.map(({ publicKey }) => publicKey) }],
    };
    requireTrustedBuilder([await provenance({ signers: keys })], manifest(), strict);

    const twice = await provenance({ signers: [testKey('builder'), testKey('builder')] });
    expect(() => {
      requireTrustedBuilder([twice], manifest(), strict);
    }).toThrow(expect.objectContaining({ code: 'provenance_untrusted' }));
  });

  test('that is not there at all has a refusal of its own', async () => {
    expect(() => provenanceOf(manifest())).toThrow(
      expect.objectContaining({ code: 'provenance_missing' }),
    );
    const bytes = await provenance();
    const attestations = [{ predicateType: SLSA, sha256: sha256Hex(bytes), length: bytes.length }];
    expect(provenanceOf(manifest({ attestations }))).toHaveLength(1);
  });

  test('is the file that the manifest names, before anything in it is read', async () => {
    const bytes = await provenance();
    const named = { predicateType: SLSA, sha256: sha256Hex(bytes), length: bytes.length };
    requireNamedAttestation(bytes, named);

    expect(() => {
      requireNamedAttestation(Buffer.concat([bytes, Buffer.from(' ')]), named);
    }).toThrow(expect.objectContaining({ code: 'attestation_hash_mismatch' }));
  });
});

describe('the rest of a device policy', () => {
  const sbom = { mediaType: 'application/json', sha256: '0'.repeat(64), length: 1 };
  const strict = { requireSbom: true, provenance: undefined };

  test('asks for an SBOM only where the device insists', () => {
    requireSbom(manifest({ sbom }), strict);
    requireSbom(manifest(), { ...strict, requireSbom: false });
    expect(() => {
      requireSbom(manifest(), strict);
    }).toThrow(expect.objectContaining({ code: 'sbom_missing' }));
  });

  test('remembers a release by its hash, not by its name', () => {
    requireNotFailed(['a'.repeat(64)], manifest(), 'b'.repeat(64));
    expect(() => {
      requireNotFailed(['a'.repeat(64)], manifest(), 'a'.repeat(64));
    }).toThrow(expect.objectContaining({ code: 'release_failed_before' }));
  });
});
