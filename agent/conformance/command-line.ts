import { parseArgs } from 'node:util';

/** What a TUF conformance suite asks a client to do. */
export type Command =
  | { readonly kind: 'init'; readonly metadataDir: string; readonly trustedRoot: string }
  | ({ readonly kind: 'refresh' } & Refresh)
  | ({ readonly kind: 'download' } & Download);

/** To bring the trusted metadata up to date. */
export interface Refresh {
  readonly metadataDir: string;
  readonly metadataUrl: URL;
}

/** To refresh, and then fetch targets in this order. */
export interface Download extends Refresh {
  readonly targetNames: readonly string[];
  readonly targetBaseUrl: URL;
  readonly targetDir: string;
}

/** The command in these arguments; an error in words when there is none. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [kind, trustedRoot] = positionals;
  const metadataDir = given('--metadata-dir', values['metadata-dir']);
  if (kind === 'init') return { kind, metadataDir, trustedRoot: given('a root', trustedRoot) };
  const metadataUrl = baseUrl(given('--metadata-url', values['metadata-url']));
  if (kind === 'refresh') return { kind, metadataDir, metadataUrl };
  if (kind !== 'download') throw new Error('the commands are init, refresh and download');
  return {
    kind,
    metadataDir,
    metadataUrl,
    targetNames: given('--target-name', values['target-name']),
    targetBaseUrl: baseUrl(given('--target-base-url', values['target-base-url'])),
    targetDir: given('--target-dir', values['target-dir']),
  };
}

const options = {
  'metadata-dir': { type: 'string' },
  'metadata-url': { type: 'string' },
  'target-name': { type: 'string', multiple: true },
  'target-base-url': { type: 'string' },
  'target-dir': { type: 'string' },
} as const;

function given<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}

/** A folder: names are resolved below it, so it has to end in a slash. */
function baseUrl(text: string): URL {
  return new URL(text.endsWith('/') ? text : `${text}/`);
}
