import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runAgentCommand, startAgent } from '../../support/agent-process.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { offerRelease } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeAll(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  offerRelease(server, '1.0.0');
});

afterAll(() => server.stop());

const withConfig = (...args: readonly string[]): readonly string[] => [
  ...args,
  '--config',
  device.configPath,
];

async function spoilKey(folder: string): Promise<void> {
  await mkdir(join(folder, 'state'));
  await writeFile(join(folder, 'state', 'device-key.json'), 'x');
}

describe('sealift-agent', () => {
  test('--help teaches every command, every exit code and the configuration', async () => {
    const { code, stdout } = await runAgentCommand(['--help']);

    expect(code).toBe(0);
    for (const word of ['run', 'status', 'verify', '--once', 'slotsDir', 'Exit codes', 'trial']) {
      expect(stdout).toContain(word);
    }
  });

  test.each([
    ['is not there', undefined],
    ['is cut short', '{"signatures":['],
    ['is signed by nobody', '{"signatures":[],"signed":{}}'],
  ])('says which root it cannot start from when the file %s', async (_name, text) => {
    const other = await provisionDevice(server);
    const root = join(other.folder, 'image.root.json');
    await rm(root);
    if (text !== undefined) await writeFile(root, text);

    const { code, stderr } = await runAgentCommand(['run', '--config', other.configPath]);

    expect(code).toBe(2);
    expect(stderr).toContain(`"roots.image": ${root}`);
    expect(stderr).not.toContain('    at ');
  });

  test.each<[string, readonly string[], string, (folder: string) => Promise<unknown>]>([
    ['its bundle', ['install', '/no/such/bundle'], 'ENOENT', () => Promise.resolve()],
    ['its key', ['run', '--once'], 'enrol it anew', spoilKey],
    ['its state folder', ['run'], 'EEXIST', (folder) => writeFile(join(folder, 'state'), '')],
  ])('says in a sentence that %s cannot be used', async (_what, args, words, spoil) => {
    const other = await provisionDevice(server);
    await spoil(other.folder);

    const { code, stderr } = await runAgentCommand([...args, '--config', other.configPath]);

    expect(code).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });

  test('--version says which it is', async () => {
    expect((await runAgentCommand(['--version'])).stdout).toMatch(/^sealift-agent \S+\n$/);
  });

  test.each([
    [[], 'there is no command ""'],
    [['fly'], 'there is no command "fly"'],
    [['run'], 'run needs --config FILE'],
    [['run', '--config', '/nowhere/agent.json'], 'cannot be read'],
    [['run', '--fast'], '--fast'],
  ])('%j is answered with what is wrong, and exit code 2', async (args, words) => {
    const { code, stderr } = await runAgentCommand(args);

    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });

  test('run --once installs what is offered; status and verify then say so', async () => {
    const before = await runAgentCommand(withConfig('status'));
    expect(before.stdout).toContain('no release of ours');

    const run = await runAgentCommand(withConfig('run', '--once'));
    expect(run).toMatchObject({ code: 0, stderr: '' });

    const status = await runAgentCommand(withConfig('status', '--json'));
    expect(JSON.parse(status.stdout)).toMatchObject({
      device: 'gw-1',
      running: { product: 'gateway', version: '1.0.0', slot: 'a', securityEpoch: 1 },
      stage: 'idle',
      lastRefusal: null,
      outbox: 0,
      lastReport: server.reports.length,
    });
    const verify = await runAgentCommand(withConfig('verify', '--json'));
    expect(verify.code).toBe(0);
    expect(JSON.parse(verify.stdout)).toMatchObject({ ok: true });
  });

  test('log lines never hold the enrolment token, a key or a device token', async () => {
    const { stdout } = await runAgentCommand(withConfig('run', '--once'));

    expect(stdout).not.toMatch(/sle_test|"seed"|eyJ/);
  });

  test('verify finds a changed file, and is content again when it is mended', async () => {
    const path = join(device.folder, 'slots', 'a', 'version');
    await appendFile(path, ' with a back door');

    const changed = await runAgentCommand(withConfig('verify'));
    await writeFile(path, '1.0.0');
    const mended = await runAgentCommand(withConfig('verify'));

    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('BROKEN  slot a');
    expect(mended.code).toBe(0);
  });

  test('verify finds metadata that was changed on disk', async () => {
    const path = join(device.folder, 'state', 'metadata', 'image', 'snapshot.json');
    await rm(path);
    await writeFile(path, '{"signatures":[],"signed":{}}');

    const { code, stdout } = await runAgentCommand(withConfig('verify'));

    expect(code).toBe(1);
    expect(stdout).toContain('BROKEN  image metadata');
    await rm(path); // the next update fetches it again
  });

  test('a second agent in the same state folder is refused, and the first goes on', async () => {
    const first = startAgent(withConfig('run'));
    await first.saw(({ event }) => event === 'agent_started');

    const second = await runAgentCommand(withConfig('run', '--once'));
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another agent');

    first.kill('SIGTERM');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(first.events.at(-1)).toMatchObject({ event: 'agent_stopped', end: 'stopped' });
  });

  test('an agent that is told to end while it waits to be accepted has not failed', async () => {
    const waiting = await provisionDevice(server);
    server.enrolmentState = 'pending';
    const agent = startAgent(['run', '--config', waiting.configPath]);
    await agent.saw(({ event }) => event === 'enrolment_answered');
    agent.kill('SIGTERM');

    expect(await agent.ended).toEqual({ code: 0, signal: null });

    const once = await runAgentCommand(['run', '--once', '--config', waiting.configPath]);
    server.enrolmentState = 'accepted';
    expect(once.code).toBe(7); // asked once: it waits for nobody, and says so
  });

  test('a lock that a power cut left behind is nobody, and is taken over', async () => {
    const agent = startAgent(withConfig('run'));
    await agent.saw(({ event }) => event === 'agent_started');
    agent.kill('SIGKILL');
    await agent.ended;

    expect(await runAgentCommand(withConfig('run', '--once'))).toMatchObject({ code: 0 });
  });

  test('a new assignment is taken up by an agent that runs, and the old one is left', async () => {
    const agent = startAgent(withConfig('run'));
    await agent.saw(({ event }) => event === 'agent_started');

    offerRelease(server, '1.1.0');
    await agent.saw(({ event }) => event === 'update_committed');

    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
    await expect
      .poll(() => server.reports.filter(({ event }) => event.kind === 'receipt').length)
      .toBe(2);
    agent.kill('SIGTERM');
    expect(await agent.ended).toMatchObject({ code: 0 });
  });

  test('a running slot that was changed is reported as it measures', async () => {
    await appendFile(join(device.folder, 'slots', 'b', 'version'), ' drifted');

    const { stdout } = await runAgentCommand(withConfig('run', '--once'));

    expect(stdout).toContain('slot_drifted');
    const receipt = server.reports.findLast(({ event }) => event.kind === 'receipt');
    const started = server.reports.findLast(({ event }) => event.kind === 'started');
    expect(started?.running?.release).toEqual(receipt?.running?.release);
    expect(started?.running?.installedSha256).not.toBe(receipt?.running?.installedSha256);
  });
});
