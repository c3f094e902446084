import { beforeAll, describe, expect, test } from 'vitest';
import { BUILDER_ID, loadBuilder } from '../../firmware-fixtures/builder-key.ts';
import { buildFixtures } from '../../firmware-fixtures/build.ts';
import { IN_TOTO_PAYLOAD_TYPE } from '../../firmware-fixtures/provenance.ts';
import { folderNameOf, RELEASES } from '../../firmware-fixtures/releases.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { DsseSchema, isDsseSignedBy, unverifiedPayload, type Dsse } from '../../shared/dsse.ts';

const builder = await loadBuilder();
let built: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  built = await buildFixtures();
});
const file = (path: string): Buffer => built.get(path) ?? Buffer.alloc(0);

describe.each(RELEASES)('the provenance of $facts.version', (release) => {
  const folder = folderNameOf(release);
  const readEnvelope = (): Dsse =>
    DsseSchema.parse(JSON.parse(file(`${folder}/provenance.dsse.json`).toString()));

  test('is signed by the test builder', () => {
    const keys = [builder.publicKey];
    expect(isDsseSignedBy(readEnvelope(), IN_TOTO_PAYLOAD_TYPE, keys, 1)).toBe(true);
  });

  test('is not signed any more once a byte of it has changed', () => {
    const envelope = readEnvelope();
    const payload = Buffer.from(unverifiedPayload(envelope));
    payload[0] = 0x20;

    const changed = { ...envelope, payload: payload.toString('base64') };
    const keys = [builder.publicKey];
    expect(isDsseSignedBy(changed, IN_TOTO_PAYLOAD_TYPE, keys, 1)).toBe(false);
  });

  test('is SLSA provenance about exactly the artifact beside it', () => {
    const statement: unknown = JSON.parse(
      Buffer.from(unverifiedPayload(readEnvelope())).toString(),
    );

    const sha256 = sha256Hex(file(`${folder}/artifact.tar`));
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'artifact.tar', digest: { sha256 } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: { externalParameters: { release: release.facts } },
        runDetails: {
          builder: { id: BUILDER_ID },
          metadata: { finishedOn: release.builtAt.toISOString() },
        },
      },
    });
  });
});
