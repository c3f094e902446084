import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operator } from './operator.ts';
import { newKey, personAt, startTeam, type Team } from './ceremony-team.ts';

// One person with one key of each role, who renews, rotates, and grows into two of three.
let team: Team;
let founder: Operator;
let anna: Operator;
let ben: Operator;

beforeAll(async () => {
  team = await startTeam('--single');
  founder = team.founder;
  await founder.json('product', 'add', 'gateway', '--hardware', 'rpi4');
}, 180_000);
afterAll(() => team.server.stop());

interface Status {
  readonly roles: readonly {
    readonly role: string;
    readonly threshold: number;
    readonly keys: readonly {
      readonly id: string;
      readonly holder: string | null;
      readonly here: string | null;
    }[];
  }[];
  readonly files: readonly { readonly role: string; readonly version: number; level: string }[];
}
const status = async (person = founder): Promise<Status> =>
  (await person.json('keys', 'status')) as unknown as Status;
const roleOf = async (role: string): Promise<Status['roles'][number]> => {
  const found = (await status()).roles.find((each) => each.role === role);
  if (found === undefined) throw new Error(`no ${role}`);
  return found;
};
const published = { state: 'published' };

describe('one person', { concurrent: false, timeout: 180_000 }, () => {
  test('renews everything, and it is published at once', async () => {
    expect(await founder.json('keys', 'renew', '--all')).toMatchObject(published);
    const { files } = await status();
    expect(files.map(({ role, version, level }) => [role, version, level])).toEqual([
      ['root', 2, 'ok'],
      ['root', 2, 'ok'],
      ['targets', 3, 'ok'],
      ['gateway', 2, 'ok'],
    ]);
  });

  test.each(['image-root', 'director-root', 'image-targets', 'product:gateway'])(
    'rotates the only key of %s, but not without saying yes to the danger',
    async (role) => {
      const [before] = (await roleOf(role)).keys;
      const silent = personAt(founder.home, { confirm: undefined });
      expect(await silent.refused('keys', 'rotate', role)).toBe('confirmation_needed');

      const done = await founder.json('keys', 'rotate', role, '--yes');
      expect(done).toMatchObject(published);
      expect(JSON.stringify(done['dangers'])).toContain('ALL KEYS ARE REPLACED');
      const [after, ...others] = (await roleOf(role)).keys;
      expect(others).toEqual([]);
      expect(after?.id).not.toBe(before?.id);
    },
  );

  test('rotates the keys of the server', async () => {
    const before = await fetchOnline(team);
    expect(await founder.json('keys', 'rotate', 'online', '--yes')).toMatchObject(published);
    expect(await fetchOnline(team)).not.toEqual(before);
    expect(await founder.json('keys', 'renew', '--targets')).toMatchObject(published);
  });

  test('may not take away a key that is needed', async () => {
    const [key] = (await roleOf('image-root')).keys;
    expect(key).toMatchObject({ ageDays: 0 });
    for (const name of [key?.id ?? '', key?.here ?? '']) {
      expect(await founder.refused('keys', 'revoke', name)).toBe('threshold_unreachable');
    }
    expect(await founder.refused('keys', 'revoke', 'nobody')).toBe('key_unknown');
    expect(await founder.refused('keys', 'threshold', 'image-root', '2')).toBe(
      'threshold_unreachable',
    );
    expect(await founder.refused('keys', 'threshold', 'image-root', '1')).toBe('nothing_to_change');
  });

  test('grows to two of three, and from then on cannot change the root alone', async () => {
    [anna, ben] = [await team.join(), await team.join()];
    const keyA = await newKey(anna, 'root-anna', 'image-root');
    const keyB = await newKey(ben, 'root-ben', 'image-root');

    const add = ['keys', 'add-holder', 'image-root', '--yes', '--public-key'];
    expect(await founder.json(...add, keyA, '--name', 'Anna')).toMatchObject(published);
    // Two must sign from now on, and Ben is one of them: his key must show that it signs.
    const more = [keyB, '--name', 'Ben', '--threshold', '2'];
    const { event, state } = await founder.json(...add, ...more);
    expect(state).toBe('open');
    expect(await ben.json('event', 'sign', String(event))).toMatchObject(published);
    expect(await roleOf('image-root')).toMatchObject({
      threshold: 2,
      keys: [{}, { holder: 'Anna' }, { holder: 'Ben' }],
    });

    const renewal = await founder.json('keys', 'renew', '--root');
    expect(renewal['state']).toBe('open');
    expect(await founder.refused('event', 'sign', String(renewal['event']))).toBe(
      'nothing_to_sign',
    );
    expect(await anna.json('event', 'sign', String(renewal['event']))).toMatchObject(published);
  });

  test('a stolen key is revoked by those who remain', async () => {
    const { event, state } = await founder.json('keys', 'revoke', 'Anna', '--yes');
    expect(state).toBe('open');
    expect(await ben.json('event', 'sign', String(event))).toMatchObject(published);
    expect((await roleOf('image-root')).keys.map(({ holder }) => holder)).toEqual([null, 'Ben']);

    const renewal = await founder.json('keys', 'renew', '--root');
    expect(await anna.refused('event', 'sign', String(renewal['event']))).toBe('nothing_to_sign');
    expect(await founder.json('event', 'withdraw', String(renewal['event']))).toMatchObject({
      state: 'withdrawn',
    });
  });
});

async function fetchOnline({ server }: Team): Promise<unknown> {
  const response = await fetch(`${server.url}/image/timestamp.json`);
  const { signatures } = (await response.json()) as { signatures: { keyid: string }[] };
  return signatures.map(({ keyid }) => keyid);
}
