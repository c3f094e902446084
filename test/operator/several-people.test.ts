import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFixtures } from '../../firmware-fixtures/build.ts';
import { handKeys, personAt, startTeam, type Team } from './ceremony-team.ts';
import { newHome, PASSPHRASE, type Operator } from './operator.ts';

// Three people, each with one of the three keys of every role; two must sign. In the order of a year.
let team: Team;
let anna: Operator;
let ben: Operator;
let carl: Operator;
let fixtures: string;

beforeAll(async () => {
  fixtures = await newHome();
  for (const [path, bytes] of await buildFixtures()) {
    await mkdir(dirname(join(fixtures, path)), { recursive: true });
    await writeFile(join(fixtures, path), bytes);
  }
  team = await startTeam();
  [anna, ben, carl] = [await team.join(), await team.join(), await team.join()];
  await handKeys(team.founder, anna, /-1\./);
  await handKeys(team.founder, ben, /-2\./);
  await handKeys(team.founder, carl, /-3\./);
}, 180_000);
afterAll(() => team.server.stop());

const published = { state: 'published' };

interface Key {
  readonly id: string;
  readonly here: string | null;
  readonly holder: string | null;
}
async function keysOf(person: Operator, role: string): Promise<readonly Key[]> {
  const { roles } = (await person.json('keys', 'status')) as unknown as {
    readonly roles: readonly { readonly role: string; readonly keys: readonly Key[] }[];
  };
  return roles.find((each) => each.role === role)?.keys ?? [];
}
async function ownKey(person: Operator, role: string): Promise<string> {
  return (await keysOf(person, role)).find(({ here }) => here !== null)?.id ?? '';
}
/** Opened by one person, who could not finish it alone. */
async function opened(person: Operator, ...command: readonly string[]): Promise<string> {
  const { event, state } = await person.json(...command);
  expect(state).toBe('open');
  return String(event);
}
const sign = async (person: Operator, event: string): Promise<unknown> =>
  person.json('event', 'sign', event);

describe('several people', { concurrent: false, timeout: 180_000 }, () => {
  test('add a product together, and it is there only when two have signed', async () => {
    const add = ['product', 'add', 'gateway', '--hardware', 'rpi4'];
    const event = await opened(anna, ...add, '--keys', '2', '--threshold', '2');
    expect((await anna.json('product', 'list'))['products']).toEqual([]);

    expect(await sign(ben, event)).toMatchObject(published);
    expect((await anna.json('product', 'list'))['products']).toHaveLength(1);
    await handKeys(anna, ben, /^gateway-2\./);
  });

  test.each(['image-root', 'director-root', 'image-targets'])(
    'rotate a key of %s: who held the old one keeps the place',
    async (role) => {
      const old = await ownKey(carl, role);
      const event = await opened(carl, 'keys', 'rotate', role, '--key', old, '--name', 'Carl');
      expect(await sign(carl, event).catch(() => 'nothing to sign')).toBe('nothing to sign');
      expect(await sign(ben, event)).toMatchObject(published);

      const keys = await keysOf(carl, role);
      expect(keys.map(({ id }) => id)).not.toContain(old);
      expect(keys.find(({ here }) => here !== null)).toMatchObject({ holder: 'Carl' });
    },
  );

  test('rotate a key of a product: its role is signed again in the same event', async () => {
    const old = await ownKey(ben, 'product:gateway');
    const event = await opened(ben, 'keys', 'rotate', 'product:gateway', '--key', old);
    const shown = await anna.json('event', 'show', event);
    const files = shown['files'] as { role: string }[];
    expect(files.map(({ role }) => role)).toEqual(['targets', 'gateway']);
    expect(await sign(anna, event)).toMatchObject(published);
    expect(await ownKey(ben, 'product:gateway')).not.toBe(old);
  });

  test('publish a release that two must sign: the first is told that it waits', async () => {
    const folder = join(fixtures, 'gateway-1.0.0');
    const published100 = await anna.json(
      ...['release', 'publish', '--product', 'gateway', '--version', '1.0.0', '--epoch', '1'],
      ...['--class', 'functional', '--artifact', join(folder, 'artifact.tar')],
      ...['--sbom', join(folder, 'sbom.cdx.json')],
    );
    expect(published100).toMatchObject({ state: 'open', outcome: 'waits for signatures' });
    expect((await anna.json('release', 'list'))['releases']).toEqual([]);

    const event = String(published100['event']);
    const { stdout } = await ben.run('event', 'show', event);
    expect(stdout).toContain(`manifest sha256 ${String(published100['manifestSha256'])}`);
    expect(stdout).toContain('Still to sign');
    expect(await sign(ben, event)).toMatchObject(published);
    expect((await anna.json('release', 'list'))['releases']).toHaveLength(1);
  });

  test('sign without network: a file goes over, signatures come back', async () => {
    const event = await opened(anna, 'keys', 'renew', '--all');
    const [file, signatures] = [join(anna.home, 'event.json'), join(ben.home, 'signatures.json')];
    await anna.json('event', 'export', event, '--out', file);

    const offline = personAt(ben.home, { fetch: () => Promise.reject(new Error('no network')) });
    const shown = await offline.json('event', 'show', '--file', file);
    const signed = await offline.json('event', 'sign', '--file', file, '--out', signatures);
    expect(signed['fingerprint']).toBe(shown['fingerprint']);

    expect(await anna.json('event', 'import-signatures', signatures)).toMatchObject(published);
  });

  test('revoke a stolen key everywhere, and it can sign nothing any more', async () => {
    const stolen = await ownKey(carl, 'director-root');
    const event = await opened(anna, 'keys', 'revoke', stolen);
    expect(await sign(ben, event)).toMatchObject(published);

    const renewal = await opened(anna, 'keys', 'renew', '--root');
    const old = ['event', 'sign', renewal, '--key', 'director-root-3'];
    expect(await carl.refused(...old)).toBe('nothing_to_sign');
    await anna.json('event', 'withdraw', renewal);
    expect(await ben.refused('event', 'sign', renewal)).toBe('event_closed');
  });

  test('are not asked to sign what somebody changed since they looked', async () => {
    const event = await opened(anna, 'keys', 'renew', '--targets');
    await ben.json('event', 'show', event);
    const lying = personAt(ben.home, { fetch: changing(withOtherExpiry) });
    expect(await lying.refused('event', 'sign', event)).toBe('event_changed');

    const hiding = personAt(carl.home, { fetch: changing(withLowerThreshold) });
    expect(await hiding.refused('event', 'sign', event)).toBe('event_misleading');
    const strange = personAt(carl.home, { fetch: changing((told) => ({ ...told, id: '0' })) });
    expect(await strange.refused('event', 'show', event)).toBe('event_misleading');
    await anna.json('event', 'withdraw', event);
  });

  test('are not shown an old state: what was verified once does not go back', async () => {
    const event = await opened(anna, 'keys', 'renew', '--root');
    const hide: typeof fetch = async (url, init) =>
      fetch(addressOf(url).replace(/\/image\/timestamp[.]json$/, '/image/1.root.json'), init);
    const before = personAt(ben.home, { fetch: hide });
    expect(await before.refused('event', 'sign', event)).toBe('threshold_not_met');
    expect(await sign(ben, event)).toMatchObject(published);
  });

  test('never see a passphrase, and nothing is signed without a yes', async () => {
    const event = await opened(anna, 'keys', 'renew', '--targets');
    const no = personAt(ben.home, { confirm: () => Promise.resolve(false) });
    expect(await no.refused('event', 'sign', event)).toBe('not_confirmed');
    const silent = personAt(ben.home, { confirm: undefined });
    expect(await silent.refused('event', 'sign', event)).toBe('confirmation_needed');

    const { stdout, stderr, exitCode } = await silent.run('event', 'sign', event, '--yes');
    expect(exitCode).toBe(0);
    expect(stdout + stderr).not.toContain(PASSPHRASE);
  });
});

type Told = Record<string, unknown> & { files: Record<string, unknown>[] };

function addressOf(url: Parameters<typeof fetch>[0]): string {
  return url instanceof Request ? url.url : url.toString();
}

/** A server between the two that tells another story about events. */
function changing(change: (told: Told) => Told): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!/signing-events\/[^/]+$/.test(addressOf(url))) return response;
    return Response.json(change((await response.json()) as Told), { status: response.status });
  };
}

function withOtherExpiry(told: Told): Told {
  const files = told.files.map((file) => {
    const signed = JSON.parse(String(file['signed'])) as Record<string, unknown>;
    const expires = '2026-12-24T00:00:00Z';
    return { ...file, expires, signed: JSON.stringify({ ...signed, expires }) };
  });
  return { ...told, files };
}

function withLowerThreshold(told: Told): Told {
  const files = told.files.map((file) => ({
    ...file,
    requirements: (file['requirements'] as object[]).map((need) => ({ ...need, threshold: 1 })),
  }));
  return { ...told, files };
}
