import type { Signer } from '../shared/crypto/signer.ts';
import { signDsse, type Dsse } from '../shared/dsse.ts';
import { BUILDER_ID } from './builder-key.ts';

/** in-toto attestations travel in DSSE under this type. */
export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Something the build read, by digest. */
export interface BuildInput {
  readonly uri: string;
  readonly sha256: string;
}

/** One build: what came out, from what, when. */
export interface Build {
  readonly folder: string;
  readonly artifactName: string;
  readonly artifactSha256: string;
  readonly parameters: object;
  readonly inputs: readonly BuildInput[];
  readonly finishedAt: Date;
}

const BUILD_MILLISECONDS = 90_000;

/** The statement about one build, in an envelope signed by the builder. */
export async function signedProvenance(build: Build, builder: Signer): Promise<Dsse> {
  const payload = Buffer.from(JSON.stringify(provenanceStatement(build)));
  return signDsse(IN_TOTO_PAYLOAD_TYPE, payload, [builder]);
}

/** An in-toto Statement v1 with SLSA provenance v1 about one artifact. */
function provenanceStatement(build: Build): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: build.artifactName, digest: { sha256: build.artifactSha256 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://builder.sealift.example/fixtures/build-types/archive@v1',
        externalParameters: {
          source: {
            uri: 'git+https://code.sealift.example/firmware-fixtures',
            ref: `refs/tags/${build.folder}`,
          },
          release: build.parameters,
        },
        internalParameters: {},
        resolvedDependencies: build.inputs.map(({ uri, sha256 }) => ({ uri, digest: { sha256 } })),
      },
      runDetails: {
        builder: { id: BUILDER_ID },
        metadata: {
          invocationId: `https://builder.sealift.example/fixtures/runs/${build.folder}`,
          startedOn: new Date(build.finishedAt.getTime() - BUILD_MILLISECONDS).toISOString(),
          finishedOn: build.finishedAt.toISOString(),
        },
      },
    },
  };
}
