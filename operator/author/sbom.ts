import * as z from 'zod/mini';
import { Failure } from '../failure.ts';

const CycloneDx = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(['1.4', '1.5', '1.6', '1.7']),
});
const Spdx2 = z.looseObject({ spdxVersion: z.literal('SPDX-2.3') });
const Spdx3 = z.looseObject({
  '@context': z.string().check(z.regex(/^https:\/\/spdx\.org\/rdf\/3\.0\.1\//)),
  '@graph': z.array(z.unknown()),
});

/** The media type of an SBOM, by what the document says that it is. */
export function sbomMediaType(path: string, bytes: Uint8Array): string {
  const document = parse(path, bytes);
  if (CycloneDx.safeParse(document).success) return 'application/vnd.cyclonedx+json';
  if (Spdx2.safeParse(document).success) return 'application/spdx+json';
  if (Spdx3.safeParse(document).success) return 'application/spdx+json';
  throw new Failure('sbom_unknown', `${path} is not an SBOM that Sealift knows`);
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Failure('sbom_unknown', `${path} is not JSON`, { cause });
  }
}
