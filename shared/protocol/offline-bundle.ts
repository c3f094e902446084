/**
 * An offline bundle: everything that a device would have fetched, as a folder or as one tar file. All
 * of it is what the network would have brought, under the names below, and is verified the same.
 *
 *     image/…                    the image repository, by its own file names
 *     director/<device>.json     what the director says to one device, signed to be carried
 *     blobs/sha256/<hex>         artifacts, SBOM, attestations
 *     bundle.json                for people; no check rests on it
 */
export const BUNDLE_NAMES = {
  about: 'bundle.json',
  image: (file: string): string => `image/${file}`,
  word: (deviceId: string): string => `director/${deviceId}.json`,
  blob: (sha256: string): string => `blobs/sha256/${sha256}`,
} as const;

const SEGMENT = /^[A-Za-z0-9%_.-]{1,250}$/;

/** Whether a name stays in its bundle: plain segments, none of them a way out. */
export function isBundleName(name: string): boolean {
  return name
    .split('/')
    .every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
}
