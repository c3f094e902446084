import { join, resolve } from 'node:path';

/** Where one author keeps keys, verified metadata and the address of the server. */
export interface Workspace {
  readonly home: string;
  readonly configFile: string;
  readonly keysFolder: string;
  readonly imageFolder: string;
  readonly directorFolder: string;
  readonly productsFile: string;
  readonly auditHeadFile: string;
  readonly dryRunFolder: string;
  readonly seenEventsFile: string;
}

/** The workspace at `home`, else where SEALIFT_HOME says, else in the current folder. */
export function workspaceAt(home: string | undefined, fromEnv: string | undefined): Workspace {
  const root = resolve(home ?? fromEnv ?? 'sealift-home');
  return {
    home: root,
    configFile: join(root, 'config.json'),
    keysFolder: join(root, 'keys'),
    imageFolder: join(root, 'metadata', 'image'),
    directorFolder: join(root, 'metadata', 'director'),
    productsFile: join(root, 'products.json'),
    auditHeadFile: join(root, 'audit-head.json'),
    dryRunFolder: join(root, 'dry-run'),
    seenEventsFile: join(root, 'seen-events.json'),
  };
}

/** The file of a workspace that a device is provisioned with. */
export function firstRootFile(repositoryFolder: string): string {
  return join(repositoryFolder, '1.root.json');
}
