import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Author } from '../../fleet/author.ts';
import type { Server } from '../../fleet/server.ts';
import { claim, type Told } from '../stage.ts';
import { PRODUCT } from '../fleet.ts';

/** The files that every device is provisioned with. */
export interface Roots {
  readonly image: string;
  readonly director: string;
}

const Made = z.object({ roots: z.object({ image: z.string(), director: z.string() }) });
const Keys = z.object({ keys: z.array(z.object({ role: z.string(), file: z.string() })) });

/** The author makes the offline keys and founds the trust of the server and of the product. */
export async function makeKeys(
  author: Author,
  { http, token, dataFolder }: Server,
  home: string,
): Promise<Told<Roots>> {
  const { roots } = await author.ask(Made, 'keys', 'init', '--server', http, '--token', token);
  await author.ask(
    z.object({ product: z.string() }),
    ...['product', 'add', PRODUCT, '--hardware', 'rpi3', '--hardware', 'rpi4'],
  );
  const { keys } = await author.ask(Keys, 'keys', 'list');
  const onServer = await readdir(join(dataFolder, 'keys'));

  claim(
    keys.every(({ file }) => file.startsWith(home)),
    'every offline key lies in the workspace of the author',
  );
  claim(onServer.length === 5, `the server has its five online keys: ${onServer.join(', ')}`);
  return {
    says: `${keys.length} offline keys on the author's machine, encrypted; ${onServer.length} online keys on the server`,
    facts: { offline: keys.map(({ role }) => role), online: onServer.length },
    value: roots,
  };
}
