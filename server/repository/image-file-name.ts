/** A file of the image repository as TUF names it: a version, or `newest` for the one unversioned name. */
export interface ImageFileName {
  readonly role: string;
  readonly version: number | 'newest';
}

/** What a file name of the repository asks for (TUF 6.2, consistent snapshots), if it is one. */
export function parseImageFileName(name: string): ImageFileName | undefined {
  if (name === 'timestamp.json') return { role: 'timestamp', version: 'newest' };
  const [, version, encoded] = VERSIONED.exec(name) ?? [];
  const role = encoded === undefined ? undefined : decode(encoded);
  if (role === undefined || role === 'timestamp') return undefined;
  return { role, version: Number(version) };
}

/** The name under which a version of a role is fetched. */
export function imageFileName(role: string, version: number): string {
  return `${version}.${encodeURIComponent(role)}.json`;
}

const VERSIONED = /^([1-9]\d{0,14})\.(.{1,256})\.json$/;

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // a stray % is nobody's role
  }
}
