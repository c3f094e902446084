import type { Signer } from '../../shared/crypto/signer.ts';
import type { HeldKey } from '../author/held-key.ts';
import { productFiles } from '../author/sign-product.ts';
import type { ExtensibleRole } from '../author/trusted-image.ts';
import type { ConsentOptions } from './consent.ts';
import { openWith, type Opened } from './open-event.ts';
import type { Session } from './session.ts';
import { verifyServer } from './standing.ts';

/** A product that is to be added, and who is there to sign. */
export interface AddingByEvent {
  readonly product: string;
  /** Verified image targets, to be extended. */
  readonly targets: ExtensibleRole;
  readonly options: ConsentOptions & {
    readonly hardware: readonly string[];
    readonly threshold: number;
  };
  readonly held: readonly HeldKey[];
  /** The product's own keys, open. */
  readonly signers: readonly Signer[];
}

/** Opens an event for a product where image targets take the keys of others too. */
export async function openProductEvent(
  session: Session,
  { product, targets, options, held, signers }: AddingByEvent,
): Promise<Opened> {
  const now = session.world.now();
  const { threshold, hardware, yes } = options;
  const keys = signers.map(({ publicKey }) => publicKey);
  const next = productFiles(targets, product, { keys, threshold }, now);
  const made = signers.map((signer) => heldNow(product, signer, now));
  const consent = { ...(yes === true && { yes }) };
  const title = `Add the product ${product}`;
  return openWith(
    {
      session,
      verified: await verifyServer(session),
      opening: { title, held: [...held, ...made], consent },
    },
    {
      files: [
        { repository: 'image', role: 'targets', signed: next.imageTargets },
        { repository: 'image', role: product, signed: next.role },
      ],
      products: [{ product, hardwareIds: [...hardware] }],
    },
  );
}

/** A key that was opened or made a moment ago, as one that is held. */
function heldNow(product: string, signer: Signer, now: Date): HeldKey {
  const { publicKey } = signer;
  const open = (): Promise<Signer> => Promise.resolve(signer);
  const head = { name: product, role: `product:${product}`, createdAt: now.toISOString() } as const;
  return { ...head, publicKey, source: 'file', path: '', open };
}
