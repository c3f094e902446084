import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BootLoader } from '../../agent/boot/boot-control.ts';
import { BootTrouble } from '../../agent/boot/boot-trouble.ts';
import { commandBoot } from '../../agent/boot/command-boot.ts';
import { grubBoot } from '../../agent/boot/grub-boot.ts';
import { grubEnvironment } from '../../agent/boot/grub-environment.ts';
import { slotStates } from '../../agent/boot/slot-states.ts';
import { systemdBoot } from '../../agent/boot/systemd-boot.ts';
import { trybootBoot } from '../../agent/boot/tryboot-boot.ts';
import { ubootEnvironment } from '../../agent/boot/uboot-environment.ts';
import { ubootOrderBoot } from '../../agent/boot/uboot-order-boot.ts';
import { ubootUpgradeBoot } from '../../agent/boot/uboot-upgrade-boot.ts';
import type { Slot } from '../../agent/state/agent-state.ts';
import type { BoardTools, Firmware } from './failing-board.ts';

/** Boot loaders as their documentation has them; the adapters on top of them are the real ones. */
export const FIRMWARES: Readonly<Record<string, (folder: string) => Firmware>> = {
  'U-Boot with a boot order': () => ubootOrder(['only.config']),
  'U-Boot with a boot order, in two copies': () => ubootOrder(['backup.config', 'primary.config']),
  'U-Boot with a boot counter': ubootUpgrade,
  GRUB: grub,
  'systemd-boot': systemd,
  tryboot,
  'a script of its own': script,
};

const NAMES = { a: 'A', b: 'B' };
const slotOf = (name: string): Slot => (name === 'A' ? 'a' : 'b');

type Variables = Map<string, string>;
type Copies = Map<string, Variables | 'torn'>;

/** `fw_printenv` and `fw_setenv` over copies that a power cut can tear. */
function ubootTools(copies: Copies, { step }: BoardTools) {
  return ubootEnvironment({
    configs: [...copies.keys()],
    run: async ([tool, , config = '', ...rest]) => {
      const copy = copies.get(config);
      const isAnew = rest.includes('-f');
      if (copy === undefined || (copy === 'torn' && !isAnew)) {
        throw new BootTrouble('boot_tool_failed', 'Cannot read environment, using default');
      }
      const variables = copy === 'torn' ? new Map<string, string>() : copy;
      if (tool === 'fw_printenv') {
        return [...variables].map(([name, value]) => `${name}=${value}\n`).join('');
      }
      const lines = readFileSync(rest.at(-1) ?? '', 'utf8')
        .trim()
        .split('\n');
      const pairs = lines.map((line) => line.split('=') as [string, string]);
      // One copy of a redundant environment changes at once; independent ones are torn in between.
      if (copies.size > 1) await step(() => copies.set(config, 'torn'));
      await step(() => copies.set(config, new Map([...variables, ...pairs])));
      return '';
    },
  });
}

function ubootOrder(configs: readonly string[]): Firmware {
  const factory = { BOOT_ORDER: 'A B', BOOT_A_LEFT: '3', BOOT_B_LEFT: '0' };
  const copies: Copies = new Map(configs.map((name) => [name, new Map(Object.entries(factory))]));
  const whole = (): Variables =>
    [...copies.values()].toReversed().find((copy) => copy !== 'torn') ??
    new Map(Object.entries({ BOOT_ORDER: 'A B', BOOT_A_LEFT: '3', BOOT_B_LEFT: '3' }));
  let wasAtALoss = false;
  return {
    wasAtALoss: () => wasAtALoss,
    loader: (tools) =>
      ubootOrderBoot({
        environment: ubootTools(copies, tools),
        names: NAMES,
        current: tools.current,
        tries: 3,
      }),
    powerOn: () => {
      const variables = new Map(whole());
      const left = (name: string): number => Number(variables.get(`BOOT_${name}_LEFT`));
      const order = (variables.get('BOOT_ORDER') ?? '').split(' ');
      if (!order.some((name) => left(name) > 0)) {
        wasAtALoss = true;
        variables.set('BOOT_A_LEFT', '3').set('BOOT_B_LEFT', '3');
      }
      const chosen = order.find((name) => left(name) > 0) ?? 'A';
      variables.set(`BOOT_${chosen}_LEFT`, String(left(chosen) - 1));
      for (const name of configs) copies.set(name, variables);
      return Promise.resolve(slotOf(chosen));
    },
  };
}

function ubootUpgrade(folder: string): Firmware {
  const copies: Copies = new Map([
    [
      'only.config',
      new Map([
        ['mender_boot_part', '2'],
        ['mender_boot_part_hex', '2'],
        ['upgrade_available', '0'],
        ['bootcount', '0'],
        ['bootlimit', '1'],
        ['altbootcmd', 'run mender_altbootcmd; run bootcmd'],
      ]),
    ],
  ]);
  return {
    loader: (tools) =>
      ubootUpgradeBoot({
        environment: ubootTools(copies, tools),
        partitions: { a: 2, b: 3 },
        states: slotStates(join(folder, 'slot-states.json')),
        current: tools.current,
      }),
    powerOn: () => {
      const variables = copies.get('only.config') as Variables;
      if (variables.get('upgrade_available') === '1') {
        const bootcount = Number(variables.get('bootcount')) + 1;
        variables.set('bootcount', String(bootcount));
        if (bootcount > Number(variables.get('bootlimit'))) {
          const back = variables.get('mender_boot_part') === '2' ? '3' : '2';
          variables.set('mender_boot_part', back).set('mender_boot_part_hex', back);
          variables.set('upgrade_available', '0').set('bootcount', '0');
        }
      }
      return Promise.resolve(variables.get('mender_boot_part') === '2' ? 'a' : 'b');
    },
  };
}

const GRUB_HEAD = '# GRUB Environment Block\n';

function grub(folder: string): Firmware {
  const path = join(folder, 'grubenv');
  const read = (file: string): Variables =>
    new Map(
      readFileSync(file, 'latin1')
        .split('\n')
        .filter((line) => line.includes('=') && !line.startsWith('#'))
        .map((line) => line.split('=') as [string, string]),
    );
  const write = (file: string, variables: Variables): void => {
    const text = [...variables].map(([name, value]) => `${name}=${value}\n`).join('');
    writeFileSync(file, `${GRUB_HEAD}${text}`.padEnd(1_024, '#'), 'latin1');
  };
  write(path, new Map(Object.entries({ ORDER: 'A', A_OK: '1', A_TRY: '0' })));
  let wasAtALoss = false;
  return {
    wasAtALoss: () => wasAtALoss,
    loader: ({ current, step }) =>
      grubBoot({
        names: NAMES,
        current,
        environment: grubEnvironment(path, async ([, file = '', action, ...pairs]) => {
          const variables = read(file);
          if (action === 'list') {
            return [...variables].map(([name, value]) => `${name}=${value}\n`).join('');
          }
          const changes = pairs.map((pair) => pair.split('=') as [string, string]);
          await step(() => {
            write(file, new Map([...variables, ...changes]));
          });
          return '';
        }),
      }),
    powerOn: () => {
      const variables = read(path);
      const order = (variables.get('ORDER') ?? '').split(' ');
      const isFree = (name: string): boolean =>
        variables.get(`${name}_OK`) === '1' && variables.get(`${name}_TRY`) !== '1';
      wasAtALoss ||= !order.some(isFree);
      const chosen = order.find(isFree) ?? 'A'; // grub.cfg: "set default=0" before the loop
      variables.set(`${chosen}_TRY`, '1');
      write(path, variables);
      return Promise.resolve(slotOf(chosen));
    },
  };
}

/** The power may go before and after each change that an adapter makes in files. */
function withCuts(loader: BootLoader, { step }: BoardTools): BootLoader {
  const around = async (work: () => Promise<void>): Promise<void> => {
    await step(() => undefined);
    await work();
    await step(() => undefined);
  };
  return {
    ...loader,
    setPrimary: (slot) => around(() => loader.setPrimary(slot)),
    setState: (slot, state) => around(() => loader.setState(slot, state)),
    makePermanent: (slot) => around(() => loader.makePermanent(slot)),
  };
}

function systemd(folder: string): Firmware {
  const entries = join(folder, 'entries');
  mkdirSync(entries);
  const entry = (version: number): string => `sort-key sealift\nversion ${version}\n`;
  writeFileSync(join(entries, 'sealift-a.conf'), entry(2));
  writeFileSync(join(entries, 'sealift-b.conf.bad'), entry(1));
  return {
    loader: (tools) =>
      withCuts(
        systemdBoot({
          loaderDir: folder,
          names: { a: 'sealift-a', b: 'sealift-b' },
          current: tools.current,
          tries: 3,
        }),
        tools,
      ),
    powerOn: () => {
      const found = readdirSync(entries)
        .map((file) => ({
          file,
          match: /^(sealift-[ab])(?:\+(\d+)(?:-(\d+))?)?\.conf$/.exec(file),
          version: Number(/version (\d+)/.exec(readFileSync(join(entries, file), 'utf8'))?.[1]),
        }))
        .filter(({ match }) => match !== null)
        .sort((left, right) => {
          const isBad = (left.match?.[2] === '0' ? 1 : 0) - (right.match?.[2] === '0' ? 1 : 0);
          return isBad === 0 ? right.version - left.version : isBad;
        });
      const [first] = found;
      const [, name = '', left, done = '0'] = first?.match ?? [];
      if (left !== undefined && left !== '0') {
        const counted = `${name}+${Number(left) - 1}-${Number(done) + 1}.conf`;
        renameSync(join(entries, first?.file ?? ''), join(entries, counted));
      }
      return Promise.resolve(name === 'sealift-a' ? 'a' : 'b');
    },
  };
}

function tryboot(folder: string): Firmware {
  const path = join(folder, 'autoboot.txt');
  writeFileSync(path, '[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n');
  const tryCommand = ['reboot', '0 tryboot'];
  return {
    loader: (tools) =>
      withCuts(
        trybootBoot({
          path,
          partitions: { a: 2, b: 3 },
          states: slotStates(join(folder, 'slot-states.json')),
          current: tools.current,
          tryCommand,
        }),
        tools,
      ),
    powerOn: (asked) => {
      const [all, tried] = [...readFileSync(path, 'utf8').matchAll(/boot_partition=(\d)/g)];
      const chosen = asked?.[1] === '0 tryboot' ? tried : all;
      return Promise.resolve(chosen?.[1] === '2' ? 'a' : 'b');
    },
  };
}

/** A script in RAUC's shape, over a boot loader with three tries a slot. */
function script(): Firmware {
  const left: Record<Slot, number> = { a: 3, b: 0 };
  let primary: Slot = 'a';
  const first = (): Slot => (left[primary] > 0 ? primary : primary === 'a' ? 'b' : 'a');
  return {
    loader: ({ current, step }) =>
      commandBoot({
        command: ['backend'],
        names: NAMES,
        current,
        run: async ([, call, name = '', state]) => {
          const slot = slotOf(name);
          if (call === 'get-primary') return `${NAMES[first()]}\n`;
          if (call === 'get-state') return left[slot] > 0 ? 'good\n' : 'bad\n';
          await step(() => {
            if (call === 'set-state') left[slot] = state === 'good' ? 3 : 0;
            if (call === 'set-primary') primary = slot;
          });
          return '';
        },
      }),
    powerOn: () => {
      const chosen = first();
      left[chosen] = Math.max(0, left[chosen] - 1);
      return Promise.resolve(chosen);
    },
  };
}
