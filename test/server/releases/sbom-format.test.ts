import { expect, test } from 'vitest';
import { readSbomFormat } from '../../../server/releases/sbom-format.ts';

const CDX = 'application/vnd.cyclonedx+json';
const SPDX = 'application/spdx+json';

const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [{ type: 'library', name: 'openssl' }],
};
const spdx2 = {
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  dataLicense: 'CC0-1.0',
  name: 'gateway',
  documentNamespace: 'https://example.com/gateway',
  creationInfo: { created: '2026-06-01T12:00:00Z', creators: ['Tool: x'] },
  packages: [{ SPDXID: 'SPDXRef-openssl', name: 'openssl', downloadLocation: 'NOASSERTION' }],
};
const spdx3 = {
  '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
  '@graph': [
    { type: 'CreationInfo', '@id': '_:c', specVersion: '3.0.1' },
    { type: 'SpdxDocument', spdxId: 'https://example.com/d' },
    { type: 'software_Package', name: 'openssl' },
  ],
};

const formatOf = (document: unknown, mediaType: string): ReturnType<typeof readSbomFormat> =>
  readSbomFormat(Buffer.from(JSON.stringify(document)), mediaType);

test.each([
  ...['1.4', '1.5', '1.6', '1.7'].map((specVersion) => ({ ...cycloneDx, specVersion })),
  { bomFormat: 'CycloneDX', specVersion: '1.6' },
  { ...cycloneDx, somethingNew: { fraction: 0.5 } },
])('CycloneDX %j is an SBOM', (document) => {
  expect(formatOf(document, CDX)).toEqual({ kind: 'sbom', format: 'CycloneDX' });
});

test('SPDX 2.3 and 3.0.1 are SBOMs', () => {
  expect(formatOf(spdx2, SPDX)).toEqual({ kind: 'sbom', format: 'SPDX 2.3' });
  expect(formatOf(spdx3, SPDX)).toEqual({ kind: 'sbom', format: 'SPDX 3.0.1' });
});

test.each([
  ['an older CycloneDX', { ...cycloneDx, specVersion: '1.3' }, CDX],
  ['a newer CycloneDX', { ...cycloneDx, specVersion: '2.0' }, CDX],
  ['a component without a name', { ...cycloneDx, components: [{ type: 'library' }] }, CDX],
  ['components that are no list', { ...cycloneDx, components: {} }, CDX],
  ['an older SPDX', { ...spdx2, spdxVersion: 'SPDX-2.2' }, SPDX],
  ['an SPDX without creators', { ...spdx2, creationInfo: { created: 'x', creators: [] } }, SPDX],
  ['an SPDX package without a name', { ...spdx2, packages: [{ SPDXID: 'SPDXRef-a' }] }, SPDX],
  ['an SPDX 3 of two documents', doubled(), SPDX],
  ['an SPDX 3 of another version', { ...spdx3, '@graph': spdx3['@graph'].slice(1) }, SPDX],
  ['another context', { ...spdx3, '@context': 'https://example.com/context' }, SPDX],
  ['CycloneDX called SPDX', cycloneDx, SPDX],
  ['SPDX called CycloneDX', spdx2, CDX],
  ['no format at all', { hello: 'world' }, CDX],
  ['a list', [cycloneDx], CDX],
  ['nothing', null, CDX],
])('%s is not', (_name, document, mediaType) => {
  expect(formatOf(document, mediaType)).toMatchObject({ kind: 'invalid' });
});

function doubled(): object {
  return { ...spdx3, '@graph': [...spdx3['@graph'], { type: 'SpdxDocument' }] };
}

test.each([
  ['cut off', Buffer.from(JSON.stringify(cycloneDx)).subarray(0, 30)],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['XML', Buffer.from('<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>')],
  ['empty', Buffer.alloc(0)],
  ['nested without end', Buffer.from('['.repeat(1_000_000))],
])('an SBOM that is %s is refused with a sentence', (_name, bytes) => {
  expect(readSbomFormat(bytes, CDX)).toEqual({
    kind: 'invalid',
    message: 'the SBOM is not a JSON object in UTF-8',
  });
});
