import { join } from 'node:path';
import type { Slot } from '../state/agent-state.ts';
import type { BootConfig } from './boot-config.ts';
import type { BootControl, BootLoader } from './boot-control.ts';
import { bootTools, type BootTool } from './boot-tool.ts';
import { commandBoot } from './command-boot.ts';
import { currentSlot, thisKernel, type CurrentSource, type Kernel } from './current-slot.ts';
import { grubBoot } from './grub-boot.ts';
import { grubEnvironment } from './grub-environment.ts';
import { rebootingBoot } from './rebooting-boot.ts';
import type { SlotNames } from './slot-names.ts';
import { slotStates } from './slot-states.ts';
import { symlinkBoot } from './symlink-boot.ts';
import { systemdBoot } from './systemd-boot.ts';
import { trybootBoot } from './tryboot-boot.ts';
import { ubootEnvironment, type UbootEnvironment } from './uboot-environment.ts';
import { ubootOrderBoot } from './uboot-order-boot.ts';
import { ubootUpgradeBoot } from './uboot-upgrade-boot.ts';

/** What boot control needs of the machine it runs on. */
export interface BootDeps {
  /** Where the slots are, or at least what is remembered of them: a disk that no update touches. */
  readonly slotsDir: string;
  readonly bootId: string;
  /** Waits for the end: throws when the agent is told to end. */
  readonly untilEnd: (milliseconds: number) => Promise<void>;
  /** Tests have a kernel and tools of their own. */
  readonly kernel?: Kernel;
  readonly run?: BootTool;
}

type BoardConfig = Exclude<BootConfig, { readonly kind: 'symlink' }>;
type UbootConfig = Extract<BootConfig, { readonly kind: 'uboot' }>;

/** The boot control that the configuration names. */
export function openBoot(config: BootConfig, deps: BootDeps): BootControl {
  const { slotsDir, bootId, untilEnd } = deps;
  if (config.kind === 'symlink') {
    return symlinkBoot({ slotsDir, restart: config.restart, stop: config.stop });
  }
  const run = deps.run ?? bootTools(slotsDir, config.toolSeconds * 1_000);
  return rebootingBoot(openLoader(config, { ...deps, run }), {
    command: config.reboot,
    run,
    markPath: join(slotsDir, 'reboot.json'),
    bootId,
    untilEnd,
    patienceMs: config.rebootSeconds * 1_000,
  });
}

type LoaderDeps = BootDeps & { readonly run: BootTool };

function openLoader(config: BoardConfig, deps: LoaderDeps): BootLoader {
  const { run, slotsDir } = deps;
  const states = slotStates(join(slotsDir, 'slot-states.json'));
  switch (config.kind) {
    case 'command': {
      const { command, names, current } = config;
      return commandBoot({
        command,
        names,
        run,
        current: current && slotFrom(current, names, deps),
      });
    }
    case 'uboot':
      return openUboot(config, deps);
    case 'grub': {
      const { names, current } = config;
      const environment = grubEnvironment(config.environment, run);
      return grubBoot({ environment, names, current: slotFrom(current, names, deps) });
    }
    case 'systemd-boot': {
      const { loaderDir, names, tries, current } = config;
      return systemdBoot({ loaderDir, names, tries, current: slotFrom(current, names, deps) });
    }
    case 'rpi-tryboot': {
      const { autoboot: path, partitions, tryReboot: tryCommand, names } = config;
      const current = slotFrom(config.current, names, deps);
      return trybootBoot({ path, partitions, states, tryCommand, current });
    }
  }
}

function openUboot(config: UbootConfig, deps: LoaderDeps): BootLoader {
  const { run, slotsDir } = deps;
  const { configs, names } = config;
  const environment: UbootEnvironment = ubootEnvironment({ configs, run });
  const current = slotFrom(config.current, names, deps);
  if (config.dialect === 'order') {
    return ubootOrderBoot({ environment, names, current, tries: config.tries });
  }
  const states = slotStates(join(slotsDir, 'slot-states.json'));
  return ubootUpgradeBoot({ environment, partitions: config.partitions, states, current });
}

function slotFrom(
  source: CurrentSource,
  names: SlotNames,
  { kernel = thisKernel }: LoaderDeps,
): () => Promise<Slot> {
  return () => currentSlot(source, names, kernel);
}
