/** What the package says of itself. */
export interface ControlFacts {
  readonly version: string;
  readonly architecture: string;
  readonly maintainer: string;
  readonly installedKib: number;
  /** Node is in the package; else the system's is needed. */
  readonly hasNode: boolean;
}

/** The oldest Node that runs the agent (`engines` of package.json). */
export const LEAST_NODE = '20.19';

/** What Node's own build is linked against; nothing in it is newer than these. */
const LIBRARIES = 'libc6 (>= 2.28), libgcc-s1, libstdc++6';

const DESCRIPTION = `over-the-air updates that the device itself verifies
 The agent asks its server what to run, decides from signatures alone whether to
 install it, writes it into the spare slot, tries it, commits it or goes back by
 itself, and signs what happened.
 .
 It runs as a resident service or, for small boards, once an hour by a timer.
 Nothing is started before there is a configuration in /etc/sealift/agent.json;
 examples are in /usr/lib/sealift/examples.`;

/** The control file (Debian Policy 5.3). */
export function controlOf(facts: ControlFacts): string {
  const { version, architecture, maintainer, installedKib, hasNode } = facts;
  const fields = {
    Package: 'sealift-agent',
    Version: version,
    Architecture: architecture,
    Maintainer: maintainer,
    'Installed-Size': String(installedKib),
    'Pre-Depends': 'init-system-helpers (>= 1.54~)',
    Depends: hasNode ? LIBRARIES : `nodejs (>= ${LEAST_NODE})`,
    Recommends: 'ca-certificates',
    // For images packed with xz or zstd, U-Boot's environment, and archives with attributes.
    Suggests: 'attr, libubootenv-tool, systemd, xz-utils, zstd',
    Section: 'admin',
    Priority: 'optional',
    Description: DESCRIPTION,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  return lines.join('');
}
