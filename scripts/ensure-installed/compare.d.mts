/** The packages of a lock file, by their path. */
interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly optional?: boolean }>
  >;
}

export function isInRange(version: string, range: string): boolean;
export function whyNotInstalled(wanted: Lock, installed: Lock | undefined): string | undefined;
