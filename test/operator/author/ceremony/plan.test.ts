import { describe, expect, test } from 'vitest';
import { proposedFiles, type Draft } from '../../../../operator/author/ceremony/draft.ts';
import { keyMeant, placeOf, roleNames } from '../../../../operator/author/ceremony/key-places.ts';
import {
  planNewHolder,
  planOnlineRotation,
  planRenewal,
  planRevocation,
  planRotation,
  planThreshold,
} from '../../../../operator/author/ceremony/plan.ts';
import { holdersOf } from '../../../../shared/ceremony/holders.ts';
import { RootSchema, type Root } from '../../../../shared/metadata/root.ts';
import { testKey } from '../../../support/test-key.ts';
import { fleetTrust, keyOf, NOW, standingRoot } from './fleet-trust.ts';

const standing = await fleetTrust();
const names = (draft: Draft): string[] =>
  proposedFiles(draft).map(
    ({ repository, role, signed }) => `${repository}/${role} v${signed.version}`,
  );
const imageRootOf = ({ imageRoot }: Draft): Root => RootSchema.parse(imageRoot);
const later = new Date('2027-01-01T00:00:00Z'); // targets have expired, roots have not
const fails = (code: string): unknown => expect.objectContaining({ code });

describe('a renewal', () => {
  test('is the same content under the next number with a new expiry', () => {
    const day = new Date('2026-09-01T00:00:00Z');
    const draft = planRenewal(standing, { roots: true, targets: true, products: ['gateway'] }, day);

    expect(names(draft)).toEqual([
      ...['image/root v2', 'director/root v2', 'image/targets v3', 'image/gateway v2'],
    ]);
    const { version, expires, ...rest } = draft.imageRoot ?? standing.imageRoot.file;
    expect({ version, expires }).toEqual({ version: 2, expires: '2027-09-01T00:00:00Z' });
    expect(standing.imageRoot.file).toMatchObject(rest);
  });

  test('of one product touches nothing else', () => {
    const draft = planRenewal(
      standing,
      { roots: false, targets: false, products: ['gateway'] },
      NOW,
    );
    expect(names(draft)).toEqual(['image/gateway v2']);
  });

  test('of what has expired begins from the expired file', () => {
    const draft = planRenewal(standing, { roots: false, targets: true, products: [] }, later);
    expect(draft.imageTargets?.expires).toBe('2027-06-30T00:00:00Z');
  });

  test('of targets takes along a product that has expired, for devices would refuse it', () => {
    const draft = planRenewal(standing, { roots: false, targets: true, products: [] }, later);
    expect(names(draft)).toEqual(['image/targets v3', 'image/gateway v2']);
  });
});

describe('a rotation', () => {
  const key = testKey('anna anew').publicKey;

  test('puts the new key where the old one was, and its holder stays', () => {
    const old = keyOf('anna').keyId;
    const draft = planRotation(standing, 'image-root', { old, key, name: undefined }, NOW);

    const root = imageRootOf(draft);
    expect(root.roles.root.keyids).not.toContain(old);
    expect(root.keys.has(old)).toBe(false);
    expect(root.roles.root.threshold).toBe(2);
    expect(holdersOf(draft.imageRoot ?? {}).get(testKey('anna anew').keyId)?.name).toBe('anna');
    expect(holdersOf(draft.imageRoot ?? {}).has(old)).toBe(false);
  });

  test('of a key that has signed takes image targets along, to be signed again', () => {
    const old = keyOf('anna', 'image-targets').keyId;
    const draft = planRotation(standing, 'image-targets', { old, key, name: undefined }, NOW);
    expect(names(draft)).toEqual(['image/root v2', 'image/targets v3']);
  });

  test('of a key that has not signed leaves image targets as they are', () => {
    const old = keyOf('carl', 'image-targets').keyId;
    const draft = planRotation(standing, 'image-targets', { old, key, name: undefined }, NOW);
    expect(names(draft)).toEqual(['image/root v2']);
  });

  test('of a product key is a change of image targets, and of the role that it has signed', () => {
    const old = keyOf('ben', 'gateway').keyId;
    const draft = planRotation(standing, 'product:gateway', { old, key, name: undefined }, NOW);
    expect(names(draft)).toEqual(['image/targets v3', 'image/gateway v2']);
  });

  test('of a key that the role does not have is refused', () => {
    const old = keyOf('carl', 'gateway').keyId;
    expect(() => planRotation(standing, 'image-root', { old, key, name: undefined }, NOW)).toThrow(
      fails('key_unknown'),
    );
  });

  test('to a key that the role has already is refused', () => {
    const old = keyOf('anna').keyId;
    const used = keyOf('ben').publicKey;
    expect(() =>
      planRotation(standing, 'image-root', { old, key: used, name: undefined }, NOW),
    ).toThrow(fails('key_in_use'));
  });

  test('of the keys of the server changes both roots and nothing else', () => {
    const next = testKey('server anew').publicKey;
    const director = { targets: next, snapshot: next, timestamp: next };
    const image = { snapshot: next, timestamp: next };
    const draft = planOnlineRotation(standing, { image, director }, NOW);

    expect(names(draft)).toEqual(['image/root v2', 'director/root v2']);
    expect(imageRootOf(draft).keys.has(testKey('server').keyId)).toBe(false);
    expect(imageRootOf(draft).roles.root).toEqual(standing.imageRoot.content.roles.root);
  });
});

describe('a revocation', () => {
  test('takes the key out of every role of both repositories', async () => {
    const shared = keyOf('carl').publicKey;
    const everywhere = proposedStanding(
      planNewHolder(
        standing,
        'director-root',
        { key: shared, name: 'carl', threshold: undefined },
        NOW,
      ),
    );
    const draft = planRevocation(await everywhere, shared, NOW);

    expect(names(draft)).toEqual(['image/root v2', 'director/root v3']);
    expect(imageRootOf(draft).roles.root.keyids).toHaveLength(2);
    expect(RootSchema.parse(draft.directorRoot).roles.root.keyids).toHaveLength(3);
  });

  test('that would leave too few keys for the threshold is refused', async () => {
    const few = await proposedStanding(planRevocation(standing, keyOf('carl').publicKey, NOW));
    expect(() => planRevocation(few, keyOf('ben').publicKey, NOW)).toThrow(
      fails('threshold_unreachable'),
    );
  });

  test('of a key that stands nowhere is refused', () => {
    expect(() => planRevocation(standing, testKey('stranger').publicKey, NOW)).toThrow(
      fails('key_unknown'),
    );
  });
});

describe('a threshold', () => {
  test('may be as high as there are keys', () => {
    expect(imageRootOf(planThreshold(standing, 'image-root', 3, NOW)).roles.root.threshold).toBe(3);
  });

  test('may not be higher', () => {
    expect(() => planThreshold(standing, 'image-root', 4, NOW)).toThrow(
      fails('threshold_unreachable'),
    );
  });

  test('that more must meet than have signed takes the role along', () => {
    expect(names(planThreshold(standing, 'product:gateway', 3, NOW))).toEqual([
      ...['image/targets v3', 'image/gateway v2'],
    ]);
  });
});

describe('a key is meant', () => {
  const places = roleNames(standing).map((role) => placeOf(standing, role));
  const root = [placeOf(standing, 'image-root')];
  const anna = keyOf('anna');

  test('by its id, by the beginning of it, and by its holder', () => {
    for (const text of [anna.keyId, anna.keyId.slice(0, 8), 'anna']) {
      expect(keyMeant(root, text)).toEqual(anna.publicKey);
    }
  });

  test('by a holder of several keys not at all', () => {
    expect(() => keyMeant(places, 'anna')).toThrow(fails('key_ambiguous'));
  });

  test('by too short a beginning not at all', () => {
    expect(() => keyMeant(root, anna.keyId.slice(0, 7))).toThrow(fails('key_unknown'));
  });
});

/** The fleet as it stands once a draft of roots is published. */
async function proposedStanding(draft: Draft): Promise<typeof standing> {
  const { imageRoot, directorRoot } = draft;
  return {
    ...standing,
    ...(imageRoot && { imageRoot: await standingRoot(imageRoot, 'image-root') }),
    ...(directorRoot && { directorRoot: await standingRoot(directorRoot, 'director-root') }),
  };
}
