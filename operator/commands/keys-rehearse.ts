import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { placeOf, roleNames, type KeyPlace } from '../author/ceremony/key-places.ts';
import { rehearse, type RehearsalStep, type Shape } from '../author/ceremony/rehearse.ts';
import { productOfRole } from '../author/ceremony/role-name.ts';
import type { Standing } from '../author/ceremony/standing.ts';
import { common, sessionOf, type CommonOptions, type Run, type Session } from './session.ts';
import { verifyServer } from './standing.ts';

interface RehearseOptions extends CommonOptions {
  readonly product?: string;
}

/** `sealift keys rehearse` */
export function rehearseCommand({ world }: Run): Command {
  const command = new Command('rehearse')
    .description('walk a rotation and a compromise with throwaway keys, in a temporary folder')
    .option('--product <name>', 'whose thresholds to rehearse (default: the first product)')
    .action(async (options: RehearseOptions) => rehearseAll(sessionOf(world, options), options));
  return common(command, ['sealift keys rehearse', 'sealift keys rehearse --product gateway']);
}

async function rehearseAll(session: Session, { product }: RehearseOptions): Promise<void> {
  const { standing } = await verifyServer(session);
  const shape = shapeOf(standing, product);
  const folder = await mkdtemp(join(tmpdir(), 'sealift-rehearsal-'));
  const steps: RehearsalStep[] = [];
  const { random, now } = session.world;
  try {
    await rehearse(shape, { folder, random, now: now() }, (title, outcome) => {
      steps.push({ title, outcome });
      session.progress(`${steps.length}. ${title}\n   ${outcome}`);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  session.show(
    { shape, steps },
    'Everything came out as it must. No real key was opened, and nothing is left behind.',
  );
}

/** The thresholds of this fleet; of a fleet without products, one key for the one that is made up. */
function shapeOf(standing: Standing, product: string | undefined): Shape {
  const first = roleNames(standing).find((role) => productOfRole(role) !== undefined);
  const role = product === undefined ? first : (`product:${product}` as const);
  const count = ({ role: { keyids, threshold } }: KeyPlace): Shape['root'] => ({
    keys: keyids.length,
    threshold,
  });
  return {
    root: count(placeOf(standing, 'image-root')),
    targets: count(placeOf(standing, 'image-targets')),
    product: role === undefined ? { keys: 1, threshold: 1 } : count(placeOf(standing, role)),
  };
}
