import { join } from 'node:path';
import * as z from 'zod';
import { authorAt, type Author } from '../fleet/author.ts';
import { startServer } from '../fleet/server.ts';
import type { Keeper } from '../processes/keeper.ts';
import { boardOf, type Board } from './board.ts';
import { buildDisk } from './disk.ts';
import { BOARD, writeDataTree } from './factory.ts';

/** What a setting is made with. */
export interface SetUpPlan {
  readonly run: string;
  /** The root file system that the board leaves the factory with. */
  readonly factory: string;
  /** Node for the data partition, where the releases are light. */
  readonly node: string | undefined;
  readonly keeper: Keeper;
  readonly interrupted: AbortSignal;
}

const Made = z.object({ roots: z.object({ image: z.string(), director: z.string() }) });

/** A server, an author with a product, and a board that was provisioned for them. */
export async function setUp(plan: SetUpPlan): Promise<{
  readonly author: Author;
  readonly board: Board;
}> {
  const { run, factory, node, keeper, interrupted } = plan;
  const server = await startServer(keeper, join(run, 'server'), interrupted);
  const home = join(run, 'author');
  const author = authorAt({ home, passphrase: 'only for the rig', interrupted });
  const at = ['--server', server.http, '--token', server.token];
  const { roots } = await author.ask(Made, 'keys', 'init', '--single', ...at);
  const product = ['product', 'add', BOARD.product, '--hardware', BOARD.hardwareId];
  await author.ask(z.object({ product: z.string() }), ...product);
  const create = ['token', 'create', '--kind', 'enrolment', '--name', 'rig'];
  const { token } = await author.ask(z.object({ token: z.string() }), ...create);
  const data = await writeDataTree(run, { roots, server, enrolmentToken: token, node });
  const disk = await buildDisk(run, { root: factory, data });
  return { author, board: boardOf(disk, join(run, 'serial.log'), interrupted) };
}
