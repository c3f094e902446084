import { z } from 'zod';

/** An SBOM format that we can index, by its name and version. */
export type SbomFormat =
  | { readonly kind: 'sbom'; readonly format: string }
  | { readonly kind: 'invalid'; readonly message: string };

const text = z.string().min(1);

const CycloneDx = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(['1.4', '1.5', '1.6', '1.7']),
  version: z.int().min(1).optional(),
  serialNumber: z.string().optional(),
  metadata: z.looseObject({}).optional(),
  components: z.array(z.looseObject({ type: text, name: text })).optional(),
  dependencies: z.array(z.looseObject({ ref: text })).optional(),
});

const SpdxId = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/);

const Spdx2 = z.looseObject({
  spdxVersion: z.literal('SPDX-2.3'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  dataLicense: z.literal('CC0-1.0'),
  name: text,
  documentNamespace: text,
  creationInfo: z.looseObject({ created: text, creators: z.array(text).min(1) }),
  packages: z
    .array(z.looseObject({ SPDXID: SpdxId, name: text, downloadLocation: text }))
    .optional(),
});

const Spdx3 = z.looseObject({
  '@context': z.literal('https://spdx.org/rdf/3.0.1/spdx-context.jsonld'),
  '@graph': z
    .array(z.looseObject({ type: text }))
    .refine((graph) => graph.filter(({ type }) => type === 'SpdxDocument').length === 1, {
      error: 'needs exactly one SpdxDocument',
    })
    .refine(
      (graph) =>
        graph.some((node) => node.type === 'CreationInfo' && node['specVersion'] === '3.0.1'),
      { error: 'needs a CreationInfo of specVersion 3.0.1' },
    ),
});

/** How each format is known, before its schema says whether it is whole. */
const FORMATS = [
  {
    name: 'CycloneDX',
    mediaType: 'application/vnd.cyclonedx+json',
    mark: 'bomFormat',
    schema: CycloneDx,
  },
  { name: 'SPDX 2.3', mediaType: 'application/spdx+json', mark: 'spdxVersion', schema: Spdx2 },
  { name: 'SPDX 3.0.1', mediaType: 'application/spdx+json', mark: '@context', schema: Spdx3 },
] as const;

/**
 * Whether the bytes are an SBOM that a tool can read: CycloneDX 1.4 to 1.7, SPDX 2.3 or 3.0.1, in JSON.
 * The structure that we and every reader rely on; not the whole of a specification.
 */
export function readSbomFormat(bytes: Uint8Array, mediaType: string): SbomFormat {
  const document = parse(bytes);
  if (document === undefined) return invalid('the SBOM is not a JSON object in UTF-8');
  const format = FORMATS.find(({ mark }) => Object.hasOwn(document, mark));
  if (format === undefined) return invalid('the SBOM is neither CycloneDX nor SPDX');
  if (mediaType !== format.mediaType) {
    return invalid(`a ${format.name} SBOM has media type ${format.mediaType}, not ${mediaType}`);
  }
  const parsed = format.schema.safeParse(document);
  if (parsed.success) return { kind: 'sbom', format: format.name };
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  return invalid(`${format.name} at ${at === '' ? 'its top' : at}: ${issue?.message ?? 'invalid'}`);
}

function invalid(message: string): SbomFormat {
  return { kind: 'invalid', message };
}

/** `JSON.parse`, not our strict parser: SBOMs hold fractions, and nothing in them is signed as JSON. */
function parse(bytes: Uint8Array): object | undefined {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(decoded);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined;
    throw cause;
  }
}
