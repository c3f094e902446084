// Who may import whom (ARCHITECTURE "Layout"). The top-level folder is the trust boundary; inside the
// server a context imports only from the floors below it.
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const packagesBut = (...names) => ({
  path: '^node_modules/',
  pathNot: `^node_modules/(${[...names, '@types/node'].join('|')})/`,
});

/** Lowest first; rooms on one floor do not know each other. */
const FLOORS = [
  ['audit', 'blobs', 'database'],
  ['devices'],
  ['releases', 'exposure', 'repository'],
  ['director', 'rollouts'],
  ['reports', 'ceremonies'],
];
const CONTEXT = `^server/(${FLOORS.flat()
  .filter((room) => room !== 'database')
  .join('|')})/`;
// Schemas are the part of routes that the OpenAPI document is made from.
const SHELL_FILE = '-(store|routes|schemas|task)[.]tsx?$';
const IO_PACKAGE = '^node_modules/(hono|@hono|kysely|better-sqlite3|mqtt|aedes|tar|pino)/';

const floorRules = FLOORS.slice(0, -1).map((rooms, floor) => {
  const above = FLOORS.slice(floor + 1).flat();
  return forbid(
    `floor-${rooms.join('-')}`,
    'Contexts import downwards only.',
    { path: `^server/(${rooms.join('|')})/` },
    { path: `^server/(${above.join('|')})/` },
  );
});

module.exports = {
  forbidden: [
    forbid(
      'no-cycles',
      'If A needs B and B needs A, one of them is two things.',
      {},
      { circular: true },
    ),
    forbid('no-unresolved', 'An import that leads nowhere.', {}, { couldNotResolve: true }),

    forbid(
      'shared-stands-alone',
      'shared/ runs at every party.',
      { path: '^shared/' },
      { path: '^(agent|server|operator|scripts|test|firmware-fixtures)/' },
    ),
    forbid(
      'shared-touches-nothing',
      'No disk, no network, no clock: only hashing and bytes.',
      { path: '^shared/' },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer)$' },
    ),
    forbid(
      'shared-packages',
      'What shared/ uses, every device carries.',
      { path: '^shared/' },
      packagesBut('@noble/ed25519', 'zod'),
    ),

    forbid(
      'agent-stands-alone',
      'A device carries no code of the other parties.',
      { path: '^agent/' },
      { path: '^(server|operator)/' },
    ),
    forbid(
      'agent-packages',
      'Every package here is attack surface on every device.',
      { path: '^agent/' },
      packagesBut('mqtt', 'tar', 'zod'),
    ),
    forbid(
      'agent-zod-is-mini',
      'The whole of zod would not fit the bundle.',
      { path: '^(agent|shared)/' },
      { path: '^node_modules/zod/(index|v4/classic|v3)' },
    ),

    forbid(
      'operator-is-a-client',
      'sealift speaks to the server over HTTP; it borrows its types and nothing else.',
      { path: '^operator/' },
      { path: '^server/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'operator-knows-no-agent',
      'Authors and devices meet in shared/.',
      { path: '^operator/' },
      { path: '^agent/' },
    ),
    forbid(
      'operator-packages',
      'These run beside offline keys.',
      { path: '^operator/' },
      packagesBut('hono', 'commander', 'cli-table3', '@inquirer/password', 'tar', 'zod'),
    ),

    forbid(
      'server-stands-alone',
      'The server learns about devices and authors from shared/ only.',
      { path: '^server/' },
      { path: '^(agent|operator)/' },
    ),
    forbid(
      'server-packages',
      'What the server runs on.',
      { path: '^server/' },
      packagesBut(
        'hono',
        '@hono/[^/]+',
        'kysely',
        'better-sqlite3',
        '@types/better-sqlite3',
        'aedes',
        'mqtt',
        'zod',
        'jose',
        'pino',
        'lru-cache',
        'commander',
      ),
    ),
    forbid(
      'nothing-ships-tests',
      'What ships does not know its tests and chores.',
      { path: '^(agent|server|operator|shared)/' },
      { path: '^(test|firmware-fixtures|scripts)/' },
    ),

    ...floorRules,
    forbid(
      'rules-are-pure',
      'Only *-store, *-routes and *-task files meet packages that touch the world.',
      { path: CONTEXT, pathNot: SHELL_FILE },
      { path: IO_PACKAGE, dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'only-stores-write-sql',
      'One place a table.',
      { path: '^server/', pathNot: '(-store[.]ts$|^server/database/)' },
      { path: '^node_modules/(kysely|better-sqlite3)/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'contexts-know-no-transport',
      'HTTP, MQTT and pages call contexts, never the reverse.',
      { path: CONTEXT, pathNot: '-(routes|schemas)[.]tsx?$' },
      { path: '^server/(http|mqtt|console)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
