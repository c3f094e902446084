import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { heldInFile } from '../../../operator/author/held-key-folder.ts';
import { keysOfRole, openSignersFor } from '../../../operator/author/role-signers.ts';
import { firstRoot, roleKeys } from '../../../operator/author/first-metadata.ts';
import { makeFirstTrust, type FirstTrust } from '../../../operator/author/first-trust.ts';
import { vaultOf, type Vault } from '../../../operator/author/vault.ts';
import { newSeed } from '../../../shared/crypto/ed25519.ts';
import { signerFromSeed } from '../../../shared/crypto/signer.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { acceptFirstRoot } from '../../../shared/trust/root.ts';

const now = new Date('2026-06-01T12:00:00Z');
const online = signerFromSeed(newSeed()).publicKey;
const ONLINE_KEYS = {
  image: { snapshot: online, timestamp: online },
  director: { targets: online, snapshot: online, timestamp: online },
};
const THREE = { keys: 3, threshold: 2 };

/** Seals nothing: these tests are about keys in metadata, not at rest. */
const openVault: Vault = {
  seal: (head, seed) => vaultOf('', randomBytes).seal(head, seed),
  open: () => Promise.reject(new Error('bug: nothing is opened here')),
};

async function firstTrust(count = THREE): Promise<FirstTrust> {
  return makeFirstTrust(ONLINE_KEYS, count, { vault: openVault, random: randomBytes, now });
}

test('both roots hold by their own keys, two out of three', async () => {
  const { imageRoot, directorRoot } = await firstTrust();
  for (const bytes of [imageRoot, directorRoot]) {
    const { roles, consistent_snapshot: consistent, expires } = acceptFirstRoot(bytes).content;
    expect(roles.root).toMatchObject({ threshold: 2 });
    expect(roles.root.keyids).toHaveLength(3);
    expect(consistent).toBe(true);
    expect(expires).toEqual(new Date('2027-06-01T12:00:00Z'));
  }
});

test('with --single, one key a role', async () => {
  const { keys, imageRoot } = await firstTrust({ keys: 1, threshold: 1 });
  expect(keys.map(({ file }) => file.name)).toEqual([
    'image-root',
    'image-targets',
    'director-root',
  ]);
  expect(acceptFirstRoot(imageRoot).content.roles.root.threshold).toBe(1);
});

test('the server cannot sign image targets, only snapshot and timestamp', async () => {
  const { imageRoot } = await firstTrust();
  const { roles, keys } = acceptFirstRoot(imageRoot).content;
  const publicKeysOf = (role: keyof typeof roles): unknown[] =>
    (roles[role] as { keyids: string[] }).keyids.map((id) => keys.get(id));
  expect(publicKeysOf('targets')).not.toContainEqual(online);
  expect(publicKeysOf('root')).not.toContainEqual(online);
  expect(publicKeysOf('snapshot')).toEqual([online]);
});

test('the same key twice never meets a threshold of two', async () => {
  const { keys } = await firstTrust();
  const [one, other] = keys.map(({ signer }) => signer);
  if (one === undefined || other === undefined) throw new Error('bug: no keys');
  const choice = { keys: [one.publicKey, other.publicKey], threshold: 2 };
  const online1 = { keys: [online], threshold: 1 };
  const root = firstRoot(
    { root: choice, targets: choice, snapshot: online1, timestamp: online1 },
    now,
  );

  const twice = await signMetadata(root, [one, one]);
  expect(() => acceptFirstRoot(twice)).toThrow(
    expect.objectContaining({ code: 'metadata_malformed' }), // a keyid signs twice
  );
  const alone = await signMetadata(root, [one]);
  expect(() => acceptFirstRoot(alone)).toThrow(
    expect.objectContaining({ code: 'threshold_not_met' }),
  );
  expect(acceptFirstRoot(await signMetadata(root, [one, other])).content.version).toBe(1);
});

test('a role of two that is given one key twice is not written', () => {
  expect(() => roleKeys({ keys: [online, online], threshold: 2 })).toThrow('bug: 1 keys');
});

test('one key in two files counts once among the keys that we hold', async () => {
  const { keys, imageRoot } = await firstTrust();
  const { roles, keys: byId } = acceptFirstRoot(imageRoot).content;
  const [first] = keys;
  if (first === undefined) throw new Error('bug: no keys');
  const twice = ['a', 'b'].map((path) =>
    heldInFile({ path, file: first.file }, { vault: openVault }),
  );

  expect(keysOfRole(roles.root, byId, twice)).toHaveLength(1);
  await expect(openSignersFor('image root', roles.root, byId, twice)).rejects.toThrow(
    expect.objectContaining({ code: 'key_missing' }),
  );
});
