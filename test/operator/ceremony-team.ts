import { cp, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { newHome, operatorAt, type Operator } from './operator.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';

/** A real server and people with a workspace each, who hold keys of only some roles. */
export interface Team {
  readonly server: ServerProcess;
  /** Who founded it, with one key a role. */
  readonly founder: Operator;
  /** Another person: a workspace with both first roots, a token, and no keys. */
  readonly join: () => Promise<Operator>;
}

/** Somebody at their machine, at a time that a test may choose, who answers questions with yes. */
export function personAt(home: string, more: Parameters<typeof operatorAt>[1] = {}): Operator {
  return operatorAt(home, { now: () => new Date(), confirm: () => Promise.resolve(true), ...more });
}

/** Founds it. */
export async function startTeam(...init: readonly string[]): Promise<Team> {
  const server = await startServerProcess();
  const founder = personAt(await newHome());
  const login = ['--server', server.url, '--token', server.token];
  await founder.json('keys', 'init', ...login, ...init);
  return {
    server,
    founder,
    join: async () => {
      const home = await newHome();
      for (const repository of ['image', 'director']) {
        const file = join('metadata', repository, '1.root.json');
        await mkdir(join(home, 'metadata', repository), { recursive: true });
        await cp(join(founder.home, file), join(home, file));
      }
      const person = personAt(home);
      await person.json('login', ...login);
      return person;
    },
  };
}

/** Hands keys of one workspace over to another: they are gone from the first. */
export async function handKeys(from: Operator, to: Operator, names: RegExp): Promise<void> {
  await mkdir(join(to.home, 'keys'), { recursive: true, mode: 0o700 });
  for (const name of await readdir(join(from.home, 'keys'))) {
    if (!names.test(name)) continue;
    await rename(join(from.home, 'keys', name), join(to.home, 'keys', name));
  }
}

/** Makes a key at a person's machine and answers the file that shows its public half. */
export async function newKey(person: Operator, name: string, role: string): Promise<string> {
  await person.json('keys', 'new', name, '--role', role);
  const out = join(person.home, `${name}.pub.json`);
  await person.json('keys', 'public', name, '--out', out);
  return out;
}
