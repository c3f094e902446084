import { keyIdOf, keyMaterial } from '../../shared/crypto/public-key.ts';
import { offlineDays } from '../../shared/trust/offline.ts';
import { keyMeant, placeOf, roleNames } from '../author/ceremony/key-places.ts';
import {
  planNewHolder,
  planOffline,
  planOnlineRotation,
  planRenewal,
  planRevocation,
  planRotation,
  planThreshold,
} from '../author/ceremony/plan.ts';
import type { RoleName } from '../author/ceremony/role-name.ts';
import { directorRootOf, type Standing } from '../author/ceremony/standing.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { Failure } from '../failure.ts';
import type { ConsentOptions } from './consent.ts';
import { keyOpening, type CommandKeys } from './key-opening.ts';
import { makeKeyFile, namedKey, type NewKeyOptions } from './new-key.ts';
import { openPlanned, type Opening } from './open-event.ts';
import { connect, type CommonOptions, type Session } from './session.ts';
import { verifyServer } from './standing.ts';

export interface ChangeOptions extends CommonOptions, ConsentOptions {
  readonly title?: string;
}

export interface RenewOptions extends ChangeOptions {
  readonly root?: boolean;
  readonly targets?: boolean;
  readonly product?: readonly string[];
  readonly all?: boolean;
}

/** `sealift keys renew` */
export async function renewFiles(session: Session, options: RenewOptions): Promise<void> {
  const { all = false, root = all, targets = all, product = [] } = options;
  const names = [...(root ? ['roots'] : []), ...(targets ? ['image targets'] : []), ...product];
  if (names.length === 0) {
    throw new Failure('wrong_usage', 'say what: --root, --targets, --product NAME or --all');
  }
  const plan: Opening['plan'] = (standing) => {
    const products = all ? [...standing.products.keys()] : product;
    return planRenewal(standing, { roots: root, targets, products }, session.world.now());
  };
  await open(session, options, { title: `Renew ${all ? 'everything' : names.join(', ')}`, plan });
}

export interface AddHolderOptions extends ChangeOptions, NewKeyOptions {
  readonly name: string;
  readonly threshold?: number;
}

/** `sealift keys add-holder` */
export async function addHolder(
  session: Session,
  role: RoleName,
  options: AddHolderOptions,
): Promise<void> {
  const opening = keyOpening(session.world);
  const key = await namedKey({ session, opening, role }, options);
  if (key === undefined) {
    throw new Failure('wrong_usage', 'give --public-key FILE, --signer URI or --held-key NAME');
  }
  const { name, threshold } = options;
  await open(session, options, {
    title: `Add ${name} to ${role}`,
    opening,
    plan: (standing) =>
      planNewHolder(standing, role, { key, name, threshold }, session.world.now()),
  });
}

export interface RotateOptions extends ChangeOptions, NewKeyOptions {
  readonly key?: string;
  readonly name?: string;
}

/** `sealift keys rotate ROLE` */
export async function rotateKey(
  session: Session,
  role: RoleName,
  options: RotateOptions,
): Promise<void> {
  const opening = keyOpening(session.world);
  // Before a key is made for nothing.
  const { standing: before } = await verifyServer(session);
  const old = oldKeyId(before, role, options.key && (await idHere(session, opening, options.key)));
  const making = { session, opening, role };
  const key = (await namedKey(making, options)) ?? (await makeKeyFile(making)).publicKey;
  const { name } = options;
  await open(session, options, {
    title: `Rotate a key of ${role}`,
    opening,
    plan: (standing) => planRotation(standing, role, { old, key, name }, session.world.now()),
  });
}

/** `sealift keys rotate online` */
export async function rotateOnline(session: Session, options: RotateOptions): Promise<void> {
  const { api } = await connect(session);
  const online = await api.nextOnlineKeys();
  await open(session, options, {
    title: 'Rotate the keys of the server',
    plan: (standing) => planOnlineRotation(standing, online, session.world.now()),
  });
}

/** `sealift keys revoke` */
export async function revokeKey(
  session: Session,
  text: string,
  options: ChangeOptions,
): Promise<void> {
  const opening = keyOpening(session.world);
  const meant = await idHere(session, opening, text);
  await open(session, options, {
    title: `Revoke the key ${text}`.slice(0, 200),
    opening,
    plan: (standing) => {
      if (standing.directorRoot === undefined) {
        throw new Failure(
          'no_director_root',
          'without the director root nobody can say whether the key stands there too',
        );
      }
      const places = roleNames(standing).map((role) => placeOf(standing, role));
      return planRevocation(standing, keyMeant(places, meant), session.world.now());
    },
  });
}

/** `sealift keys threshold` */
export async function setThreshold(
  session: Session,
  role: RoleName,
  { threshold, options }: { threshold: number; options: ChangeOptions },
): Promise<void> {
  await open(session, options, {
    title: `Let ${threshold} sign ${role}`,
    plan: (standing) => {
      if (placeOf(standing, role).role.threshold === threshold) {
        throw new Failure('nothing_to_change', `${threshold} must sign ${role} already`);
      }
      return planThreshold(standing, role, threshold, session.world.now());
    },
  });
}

/** `sealift keys offline` */
export async function allowOffline(
  session: Session,
  days: number,
  options: ChangeOptions,
): Promise<void> {
  const title =
    days === 0
      ? 'Allow no offline bundles any more'
      : `Let offline bundles hold for at most ${days} days`;
  await open(session, options, {
    title,
    plan: (standing) => {
      if (offlineDays(directorRootOf(standing).content) === days) {
        throw new Failure('nothing_to_change', `the director root allows ${days} days already`);
      }
      return planOffline(standing, days, session.world.now());
    },
  });
}

async function open(
  session: Session,
  options: ChangeOptions,
  change: Pick<Opening, 'title' | 'plan'> & { readonly opening?: CommandKeys },
): Promise<void> {
  const opening = change.opening ?? keyOpening(session.world);
  const held = await listHeldKeys(session.workspace.keysFolder, opening);
  const title = options.title ?? change.title;
  await openPlanned(session, { title, held, consent: options, plan: change.plan });
}

/** A key may be named as it is called here; everybody else knows it by its id. */
async function idHere(session: Session, opening: CommandKeys, text: string): Promise<string> {
  const held = await listHeldKeys(session.workspace.keysFolder, opening);
  const here = held.find(({ name }) => name === text);
  return here === undefined ? text : keyIdOf(here.publicKey);
}

/** The id by which the role knows the key that goes. */
function oldKeyId(standing: Standing, role: RoleName, text: string | undefined): string {
  const place = placeOf(standing, role);
  const [only, ...others] = place.role.keyids;
  if (text === undefined) {
    if (only !== undefined && others.length === 0) return only;
    throw new Failure('wrong_usage', `${role} has several keys: name the one that goes by --key`);
  }
  const material = keyMaterial(keyMeant([place], text));
  const id = place.role.keyids.find((each) => {
    const key = place.keys.get(each);
    return key !== undefined && keyMaterial(key) === material;
  });
  if (id === undefined) throw new Error(`bug: ${keyIdOf(keyMeant([place], text))} has no place`);
  return id;
}
