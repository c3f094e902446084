import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ConfigError, parseConfig } from '../../../agent/config/load-config.ts';
import { testConfig } from '../../support/test-agent.ts';

const GOOD = testConfig({ url: 'http://127.0.0.1:8080' });
const ALONE = { probes: [], withoutProbes: true, holdSeconds: 0, deadlineSeconds: 5 };
const GRUB = {
  kind: 'grub',
  environment: 'efi/grubenv',
  current: { from: 'argument', name: 'rauc.slot' },
};
const parse = (changes: object): ReturnType<typeof parseConfig> =>
  parseConfig(JSON.stringify({ ...GOOD, ...changes }), '/etc/sealift/agent.json');

describe('a configuration', () => {
  test('that is right gets its defaults, and paths relative to its own folder', () => {
    const config = parse({});

    expect(config.stateDir).toBe('/etc/sealift/state');
    const probes = [{ kind: 'process', pidFile: 'app.pid' }];
    const { trial } = parse({ trial: { probes, holdSeconds: 0, deadlineSeconds: 5 } });
    expect(trial.probes).toMatchObject([{ pidFile: '/etc/sealift/app.pid' }]);
    expect(config.policy).toEqual({ requireSbom: false });
    expect(config.limits.depth).toBe(64);
    expect(config.trial.commitOffline).toBe(false);
    expect(parse({ boot: GRUB }).boot).toMatchObject({
      environment: '/etc/sealift/efi/grubenv',
      names: { a: 'A', b: 'B' },
      reboot: ['systemctl', 'reboot'],
    });
    expect(parse({ hooks: {} }).hooks.folder).toBe('/etc/sealift/hooks.d');
    expect(parse({ server: { http: 'https://x' } }).server.pollSeconds).toBe(300);
  });

  test.each([
    [{ stateDirectory: 'x' }, 'the file has no key "stateDirectory"'],
    [{ server: { http: 'https://x', pollSecond: 1 } }, '"server" has no key "pollSecond"'],
    [{ product: undefined }, '"product" is missing: it must be a string'],
    [{ product: 'Not A Name' }, '"product" must be 1 to 64 of'],
    [{ deviceId: '../x' }, '"deviceId" must be 1 to 128 letters'],
    [{ server: { http: 'ftp://x' } }, '"server.http" must be an address beginning with'],
    [{ server: { http: 'nonsense' } }, '"server.http" must be an address beginning with'],
    [{ boot: { kind: 'magic' } }, '"boot.kind" is none of the kinds that the agent knows'],
    [{ boot: { kind: 'uboot', dialect: 'magic' } }, '"boot.dialect" is none of the kinds'],
    [
      { boot: { kind: 'uboot', dialect: 'order' } },
      '"boot.current" is missing: it must be an object',
    ],
    [{ boot: { ...GRUB, names: { a: 'A', b: 'A' } } }, '"boot.names" must differ'],
    [
      { trial: { probes: [], holdSeconds: 0, deadlineSeconds: 5 } },
      '"trial" has no probes, so it would prove nothing of the release',
    ],
    [
      { trial: { ...ALONE, probes: [{ kind: 'process', pidFile: 'x' }] } },
      '"trial" has probes and says "withoutProbes": true',
    ],
    [
      { trial: { ...ALONE, commitOffline: { afterMinutes: 1 } } },
      '"trial" commitOffline.afterMinutes must be over before deadlineSeconds',
    ],
    [
      { trial: { ...ALONE, watchdog: { kind: 'magic' } } },
      '"trial.watchdog.kind" is none of the kinds',
    ],
    [{ hooks: { timeout: 5 } }, '"hooks" has no key "timeout"'],
    [{ boot: { kind: 'symlink', restart: [] } }, '"boot.restart" must name a program'],
    [
      { trial: { probes: [], holdSeconds: 10, deadlineSeconds: 5 } },
      '"trial" holdSeconds must not be more than deadlineSeconds',
    ],
    [
      { trial: { probes: [{ kind: 'magic' }], holdSeconds: 0, deadlineSeconds: 5 } },
      '"trial.probes.0',
    ],
    [{ limits: { depth: 0 } }, '"limits.depth" must be at least 1'],
    [
      { server: { http: 'https://x', pollSeconds: 1e99 } },
      '"server.pollSeconds" must be at most 604800',
    ],
    [{ slotsDir: 'slots', stateDir: 'slots/a/state' }, '"stateDir" lies in slot a'],
    [{ slotsDir: 'slots', stateDir: 'slots/current' }, '"stateDir" lies in slot current'],
    [{ policy: { requireSbom: 'yes' } }, '"policy.requireSbom" must be a boolean'],
  ])('with %j is refused in words: %s', (changes, words) => {
    expect(() => parse(changes)).toThrow(ConfigError);
    expect(() => parse(changes)).toThrow(words);
  });

  test('may keep its state beside its slots', () => {
    expect(() => parse({ slotsDir: 'slots', stateDir: 'slots/state' })).not.toThrow();
    expect(() => parse({ slotsDir: 'slots', stateDir: 'slots' })).not.toThrow();
  });

  test('that is not JSON is refused in words', () => {
    expect(() => parseConfig('{', 'agent.json')).toThrow('agent.json is not JSON');
  });

  test('of any other shape is refused, and never crashes the agent', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseConfig(text, 'agent.json')).toThrow(ConfigError);
      }),
    );
  });
});

describe('addresses without TLS', () => {
  test.each([
    'http://127.0.0.1:1',
    'http://localhost:1',
    'http://[::1]:1',
    'https://updates.example',
  ])('%s is private', (http) => {
    expect(parse({ server: { http } }).server.http).toBe(http);
  });

  test.each(['http://updates.example', 'http://127.0.0.1.evil.example', 'http://10.0.0.1'])(
    '%s is refused, with what to do about it',
    (http) => {
      expect(() => parse({ server: { http } })).toThrow('"allowPlaintext": true');
      expect(parse({ server: { http, allowPlaintext: true } }).server.http).toBe(http);
    },
  );

  test('of a broker are refused alike', () => {
    const http = 'https://updates.example';
    expect(() => parse({ server: { http, mqtt: 'mqtt://updates.example' } })).toThrow('not TLS');
    expect(parse({ server: { http, mqtt: 'mqtts://updates.example' } }).server.mqtt).toBeDefined();
  });
});
