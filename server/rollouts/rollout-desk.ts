import type { Batch } from './offer-store.ts';
import { actOnRollout } from './act-on-rollout.ts';
import { carryOut, type CarryOutDeps } from './carry-out.ts';
import { createRollout } from './create-rollout.ts';
import { findRollout, listRollouts } from './rollout-store.ts';
import type { RolloutDeps } from './rollout-routes.ts';

const LISTED = 1_000;

/**
 * The routes' dependencies on a real database: every change in one transaction, then announced, then
 * carried out batch by batch. The answer shows the rollout after its open phase was offered.
 */
export function rolloutDesk(deps: CarryOutDeps & { readonly newId: () => string }): RolloutDeps {
  const { db } = deps;
  const follow = async (id: string, batch: Batch): Promise<void> => {
    await deps.announce(batch.told);
    if (batch.more) await carryOut(id, deps);
  };
  return {
    createRollout: async (wish) => {
      const created = await db.transaction().execute((tx) => createRollout(tx, wish, deps));
      if (created.kind !== 'created') return created;
      await follow(created.rollout.id, created.batch);
      return {
        ...created,
        rollout: (await findRollout(db, created.rollout.id)) ?? created.rollout,
      };
    },
    actOnRollout: async (act) => {
      const acted = await db.transaction().execute((tx) => actOnRollout(tx, act, deps));
      if (acted.kind !== 'changed') return acted;
      await follow(act.id, acted.batch);
      return { ...acted, rollout: (await findRollout(db, act.id)) ?? acted.rollout };
    },
    findRollout: (id) => findRollout(db, id),
    listRollouts: () => listRollouts(db, LISTED),
  };
}
