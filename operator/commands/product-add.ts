import { listHeldKeys } from '../author/held-key-folder.ts';
import type { HeldKey } from '../author/held-key.ts';
import { createKey } from '../author/key-folder.ts';
import { makeKeys } from '../author/make-keys.ts';
import { keysOfRole, openEach, openSignersFor } from '../author/role-signers.ts';
import { signProduct } from '../author/sign-product.ts';
import { imageTargets, keepSignedRole, trustImage } from '../author/trusted-image.ts';
import { Failure } from '../failure.ts';
import { imageFetch } from '../operate/image-fetch.ts';
import { retryOnConflict } from '../operate/retry-conflict.ts';
import { rememberProduct } from '../workspace/products.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { headText, inspectionJson, missingText } from './event-view.ts';
import { keyOpening, type CommandKeys } from './key-opening.ts';
import type { Opened } from './open-event.ts';
import { openProductEvent } from './product-event.ts';
import { connect, type CommonOptions, type Session } from './session.ts';

export interface AddOptions extends CommonOptions {
  readonly hardware: readonly string[];
  readonly keys: number;
  readonly threshold: number;
  readonly yes?: boolean;
}

interface Adding {
  readonly session: Session;
  readonly product: string;
  readonly options: AddOptions;
  readonly opening: CommandKeys;
}

/** Makes the product's keys (or takes those of a run that was cut) and delegates to them. */
export async function addProduct(
  session: Session,
  product: string,
  options: AddOptions,
): Promise<void> {
  if (options.threshold > options.keys) {
    throw new Failure(
      'wrong_usage',
      `${options.keys} keys can never meet a threshold of ${options.threshold}`,
    );
  }
  const { world } = session;
  const adding: Adding = { session, product, options, opening: keyOpening(world) };
  const added = await retryOnConflict(
    () => delegate(adding),
    () => {
      session.progress('image targets changed meanwhile: verifying and signing again');
    },
  );
  await rememberProduct(session.workspace.productsFile, product, options.hardware);
  answer(adding, added);
}

/** The version that delegates, and the event that waits for others where there is one. */
interface Added {
  readonly version: number;
  readonly opened?: Opened;
}

function answer({ session, product, options }: Adding, { version, opened }: Added): void {
  const boards = options.hardware.join(', ');
  const facts = { product, hardwareIds: options.hardware, imageTargetsVersion: version };
  const delegates = `image targets v${version} delegates to its keys.`;
  if (opened === undefined) {
    session.show(facts, `Product ${product} (${boards}) is there: ${delegates}`);
    return;
  }
  const { event, inspected } = opened;
  session.show(
    { ...facts, event: event.id, state: event.state, ...inspectionJson(inspected) },
    `Product ${product} (${boards}) WAITS FOR SIGNATURES; then ${delegates}\n${headText(event)}\n${missingText(inspected)}\nThey sign with: sealift event sign ${event.id}`,
  );
}

/** One attempt: verify, sign on top, hand over. */
async function delegate(adding: Adding): Promise<Added> {
  const { session, product, options, opening } = adding;
  const { workspace, world } = session;
  const { api, connection } = await connect(session);
  const image = await trustImage(workspace.imageFolder, imageFetch(connection), world.now());
  const targets = await imageTargets(image);
  if (targets.content.delegations?.roles?.some(({ name }) => name === product) === true) {
    throw new Failure('product_exists', `image targets delegates to ${product} already`);
  }
  const held = await listHeldKeys(workspace.keysFolder, opening);
  const { root } = image.trusted;
  const version = targets.content.version + 1;
  const here = keysOfRole(root.roles.targets, root.keys, held).length;
  if (here > 0 && here < root.roles.targets.threshold) {
    const signers = await productSigners(adding, held);
    const opened = await openProductEvent(session, { product, targets, options, held, signers });
    return { version, opened };
  }
  const signers = {
    targets: await openSignersFor('image targets', root.roles.targets, root.keys, held),
    product: await productSigners(adding, held),
    threshold: options.threshold,
  };
  const signed = await signProduct(targets, product, signers, world.now());
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  await api.addProduct({
    product,
    hardwareIds: options.hardware,
    imageTargets: text(signed.imageTargets),
    role: text(signed.role),
  });
  await keepSignedRole(image, 'targets', signed.imageTargets);
  await keepSignedRole(image, product, signed.role);
  return { version };
}

/** Keys of this product that a cut run left behind are used; a key is never made twice. */
async function productSigners(
  { session, product, options, opening }: Adding,
  held: readonly HeldKey[],
): Promise<readonly Signer[]> {
  const { workspace, world } = session;
  const role = `product:${product}` as const;
  const left = held.filter((key) => key.role === role);
  if (left.length === options.keys) return openEach(left);
  const [other] = left.length > 0 ? left : held.filter(({ name }) => name === product);
  if (other !== undefined) throw new Failure('key_exists', `${other.path} is already there`);
  session.progress(`making ${options.keys} key(s) for ${product}`);
  const made = await makeKeys(product, role, options.keys, {
    vault: opening.vault,
    random: world.random,
    now: world.now(),
  });
  for (const { file } of made) await createKey(workspace.keysFolder, file);
  return made.map(({ signer }) => signer);
}
