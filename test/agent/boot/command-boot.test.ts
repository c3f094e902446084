import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BootLoader } from '../../../agent/boot/boot-control.ts';
import { bootTools } from '../../../agent/boot/boot-tool.ts';
import { commandBoot } from '../../../agent/boot/command-boot.ts';

// The shape of RAUC's custom backend: one script, five calls, exit code and stdout.
const BACKEND = `#!/bin/sh
set -e
case "$1" in
  get-primary) cat primary ;;
  set-primary) echo "$2" > primary ;;
  get-state) cat "state.$2" ;;
  set-state) echo "$3" > "state.$2" ;;
  get-current) cat current ;;
  *) exit 1 ;;
esac
`;

let folder: string;
let script: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-backend-'));
  script = join(folder, 'backend.sh');
  await use(BACKEND);
  const files = { primary: 'system0', current: 'system0', 'state.system0': 'good' };
  for (const [name, text] of Object.entries({ ...files, 'state.system1': 'bad' })) {
    await writeFile(join(folder, name), `${text}\n`);
  }
});

async function use(text: string): Promise<void> {
  await writeFile(script, text);
  await chmod(script, 0o755);
}

const backend = (timeoutMs = 20_000): BootLoader =>
  commandBoot({
    command: [script],
    names: { a: 'system0', b: 'system1' },
    run: bootTools(folder, timeoutMs),
    current: undefined,
  });
const trouble = (code: string): unknown => expect.objectContaining({ code });

describe('a script in the shape of RAUC', () => {
  test('answers all five calls, and is asked again after each change', async () => {
    const boot = backend();

    expect(await boot.current()).toBe('a');
    await boot.setState('b', 'bad');
    await boot.setState('b', 'good');
    await boot.setPrimary('b');

    expect(await boot.primary()).toBe('b');
    expect(await boot.state('b')).toBe('good');
    await boot.makePermanent('a');
    expect(await boot.primary()).toBe('a');
  });

  test.each([
    ['names a slot that is none of ours', 'echo system7', 'boot_slot_unknown'],
    ['says nothing', 'exit 0', 'boot_slot_unknown'],
    ['fails', 'echo no nvram >&2; exit 3', 'boot_tool_failed'],
    ['ends by a signal', 'kill -9 $$', 'boot_tool_killed'],
    ['prints megabytes', 'head -c 3000000 /dev/zero', 'boot_tool_flooded'],
  ])('that %s is a failure by name: %s', async (_what, body, code) => {
    await use(`#!/bin/sh\n${body}\n`);
    await expect(backend().primary()).rejects.toThrow(trouble(code));
  });

  test('that hangs is killed with its children, after its time', async () => {
    await use('#!/bin/sh\nsleep 600 & echo $! > child\nsleep 600\n');
    await expect(backend(500).primary()).rejects.toThrow(trouble('boot_tool_hung'));
  });

  test('that is missing is a failure by name', async () => {
    script = join(folder, 'nowhere');
    await expect(backend().primary()).rejects.toThrow(trouble('boot_tool_missing'));
  });

  test('that says "done" and does nothing is found out', async () => {
    await use(BACKEND.replace('echo "$2" > primary', ':').replace('echo "$3"', 'echo bad'));
    await expect(backend().setPrimary('b')).rejects.toThrow(trouble('boot_not_written'));
    await expect(backend().setState('b', 'good')).rejects.toThrow(trouble('boot_not_written'));
  });

  test('that answers something else than good or bad makes no sense', async () => {
    await writeFile(join(folder, 'state.system1'), 'maybe\n');
    await expect(backend().state('b')).rejects.toThrow(trouble('boot_answer_senseless'));
  });
});
