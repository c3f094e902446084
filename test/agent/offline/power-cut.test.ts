import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runAgentCommand, startAgent } from '../../support/agent-process.ts';
import { offlineWorld, type OfflineWorld } from '../../support/offline-device.ts';
import { bundleFile, bundleFolder, bundleTar } from '../../support/offline-world.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let world: OfflineWorld;

beforeEach(async () => {
  world = await offlineWorld();
  world.server.fleet.image.timestamp.expires = '2099-01-01T00:00:00Z';
  world.server.fleet.image.snapshot.expires = '2099-01-01T00:00:00Z';
  expect(await world.installFolder(await world.release('1.0.0', { at: new Date() }), {})).toBe(
    'committed',
  );
});

afterEach(() => world.server.stop());

const STAGES = ['downloading', 'installing', 'activating', 'trial', 'committing'] as const;

/** A bundle of today, in both forms: the agent is a process of its own and goes by the real clock. */
async function bundleIn(form: 'folder' | 'file'): Promise<string> {
  const content = await world.release('1.1.0', { at: new Date() });
  return form === 'folder' ? bundleFolder(content) : bundleFile(bundleTar(content));
}

/** Cuts the power as the agent enters a stage of installing `bundle`. */
async function cutIn(stage: string, bundle: string): Promise<void> {
  const args = ['install', bundle, '--json', '--config', world.device.configPath];
  const agent = startAgent(args);
  await agent.saw((event) => event['event'] === 'stage_entered' && event['stage'] === stage);
  agent.kill('SIGKILL');
  await agent.ended;
}

describe.each(['folder', 'file'] as const)('a bundle in a %s, cut as it enters', (form) => {
  test.each(STAGES)('%s: installing it again ends it', async (stage) => {
    const bundle = await bundleIn(form);
    await cutIn(stage, bundle);

    const again = ['install', bundle, '--config', world.device.configPath];
    expect((await runAgentCommand(again)).code).toBe(0);

    expect(await world.device.running()).toEqual({ slot: 'b', version: '1.1.0' });
    expect(world.server.requests).toEqual([]);
  });
});

describe('a bundle that is gone after the cut', () => {
  test.each(['activating', 'trial', 'committing'] as const)(
    'in %s: the resident agent ends it, and one proof arrives',
    async (stage) => {
      await cutIn(stage, await bundleIn('file'));

      // Whatever the server says then: the trial of what was carried waits for nobody.
      await world.device.runOnce();

      expect(await world.device.running()).toEqual({ slot: 'b', version: '1.1.0' });
      const receipts = world.server.reports.filter(
        ({ event }) => event.kind === 'receipt' && event.release.version === '1.1.0',
      );
      expect(receipts).toHaveLength(1);
      const numbers = world.server.reports.map(({ number }) => number);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    },
  );

  test('a release that is not healthy goes back, without a network too', async () => {
    await world.device.configure({
      trial: {
        probes: [{ kind: 'command', command: ['grep', '-qx', '1.0.0', 'current/version'] }],
        holdSeconds: 0,
        deadlineSeconds: 0.2,
      },
    });
    const bundle = await bundleIn('folder');

    const { code } = await runAgentCommand([
      'install',
      bundle,
      '--config',
      world.device.configPath,
    ]);

    expect(code).toBe(5);
    expect(await world.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  });
});
