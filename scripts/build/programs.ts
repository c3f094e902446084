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
  /** Packages that bring a copy of what Node has, and the part of Node that takes their place. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** The agent: one file that a device carries. */
export const AGENT: Program = {
  name: 'sealift-agent',
  entry: 'agent/main.ts',
  packages: 'bundle',
  // mqtt can speak through WebSockets and SOCKS proxies, and count time in a browser's workers; the
  // agent's addresses are mqtt(s):// only, and it runs in Node only.
  without: ['ws', 'socks', 'worker-timers'],
  // Node 18's streams in JavaScript, for browsers: 90 kB, and half a megabyte of every board's memory.
  instead: { 'readable-stream': 'node:stream' },
};

/** Everything that ships, by who runs it (ARCHITECTURE "Four parties"). */
export const PROGRAMS: readonly Program[] = [
  { name: 'sealift', entry: 'operator/main.ts', packages: 'external' },
  { name: 'sealift-server', entry: 'server/main.ts', packages: 'external' },
  AGENT,
];
