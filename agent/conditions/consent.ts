import { isOfPlatform } from '../platform-error.ts';
import { readIfThere } from '../install/durable-file.ts';
import type { ReleaseRef } from '../../shared/protocol/report.ts';

/** Where a person at the device says yes. */
export interface ConsentDeps {
  readonly file: string;
  /** Asks the command of the configuration, if there is one. */
  readonly ask: ((release: ReleaseRef) => Promise<boolean>) | undefined;
}

/** A longer file is no list of versions. */
const LIMIT_CHARACTERS = 65_536;

/** Whether somebody consents to this release: by a file, or a command that ends with 0. */
export async function consents({ file, ask }: ConsentDeps, release: ReleaseRef): Promise<boolean> {
  const said = await readIfThere(file).catch((cause: unknown) => {
    if (!isOfPlatform(cause)) throw cause;
    return undefined; // what cannot be read says nothing
  });
  if (said !== undefined && isConsent(said.toString('utf8'), release)) return true;
  return ask === undefined ? false : ask(release);
}

/** An empty file is consent to whatever comes; one with words to the versions and manifests in it. */
export function isConsent(text: string, { version, manifestSha256 }: ReleaseRef): boolean {
  const words = text.slice(0, LIMIT_CHARACTERS).split(/\s+/).filter(Boolean);
  return words.length === 0 || words.includes(version) || words.includes(manifestSha256);
}
