/** A program to bundle. */
export interface Program {
  /** Of the file in dist/, and of the command. */
  readonly name: string;
  readonly entry: string;
  /**
   * Whether packages go into the file. The agent ships as one file and carries everything; the
   * other two are installed beside their packages (better-sqlite3 is native and cannot be bundled).
   */
  readonly packages: 'bundle' | 'external';
  /** Packages that others ask for and that are never used here: left out, an empty module instead. */
  readonly without?: readonly string[];
}

/** The agent: one file that a device carries. */
export const AGENT: Program = {
  name: 'sealift-agent',
  entry: 'agent/main.ts',
  packages: 'bundle',
  // mqtt can speak through WebSockets and SOCKS proxies; the agent's addresses are mqtt(s):// only.
  without: ['ws', 'socks'],
};

/** Everything that ships, by who runs it (ARCHITECTURE "Four parties"). */
export const PROGRAMS: readonly Program[] = [
  { name: 'sealift', entry: 'operator/main.ts', packages: 'external' },
  { name: 'sealift-server', entry: 'server/main.ts', packages: 'external' },
  AGENT,
];
