import * as z from 'zod/mini';
import { command, path } from '../config/fields.ts';

const bootName = z.string().check(z.regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be a name of a slot'));
const partition = z.int().check(z.minimum(1), z.maximum(128));
const seconds = z.number().check(z.positive(), z.maximum(3_600));
const tries = z._default(z.int().check(z.minimum(1), z.maximum(9)), 3);

const differ = <T>({ a, b }: { readonly a: T; readonly b: T }): boolean => a !== b;
const two = (first: string, second: string) =>
  z._default(z.strictObject({ a: bootName, b: bootName }).check(z.refine(differ, 'must differ')), {
    a: first,
    b: second,
  });
const partitions = z
  .strictObject({ a: partition, b: partition })
  .check(z.refine(differ, 'must differ'));

const current = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('argument'), name: bootName }),
  z
    .strictObject({ from: z.literal('root'), a: path, b: path })
    .check(z.refine(differ, 'must name two different roots')),
  z
    .strictObject({ from: z.literal('device'), a: path, b: path })
    .check(z.refine(differ, 'must name two different devices')),
]);

/** What every boot loader needs. */
const board = {
  current,
  reboot: z._default(command, ['systemctl', 'reboot']),
  rebootSeconds: z._default(seconds, 300),
  toolSeconds: z._default(seconds, 30),
};
const rauc = { ...board, names: two('A', 'B') };

const configs = z._default(z.array(path).check(z.minLength(1, 'must list a file')), [
  '/etc/fw_env.config',
]);
const uboot = z.discriminatedUnion('dialect', [
  z.strictObject({
    kind: z.literal('uboot'),
    dialect: z.literal('order'),
    ...rauc,
    configs,
    tries,
  }),
  z.strictObject({
    kind: z.literal('uboot'),
    dialect: z.literal('upgrade'),
    ...rauc,
    configs,
    partitions,
  }),
]);

/** `boot` of the configuration: one kind a boot loader. */
export const BootConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('symlink'),
    restart: z.optional(command),
    stop: z.optional(command),
  }),
  z.strictObject({
    kind: z.literal('command'),
    ...rauc,
    command,
    /** Without it the script is asked: `get-current`. */
    current: z.optional(current),
  }),
  uboot,
  z.strictObject({ kind: z.literal('grub'), ...rauc, environment: path }),
  z.strictObject({
    kind: z.literal('systemd-boot'),
    ...board,
    loaderDir: path,
    names: two('sealift-a', 'sealift-b'),
    tries,
  }),
  z.strictObject({
    kind: z.literal('rpi-tryboot'),
    ...rauc,
    autoboot: path,
    partitions,
    tryReboot: z._default(command, ['reboot', '0 tryboot']),
  }),
]);
export type BootConfig = Readonly<z.infer<typeof BootConfig>>;

/** The same with absolute paths. Devices and roots are what the kernel says, so they stay. */
export function bootAt(boot: BootConfig, at: (path: string) => string): BootConfig {
  switch (boot.kind) {
    case 'uboot':
      return { ...boot, configs: boot.configs.map(at) };
    case 'grub':
      return { ...boot, environment: at(boot.environment) };
    case 'systemd-boot':
      return { ...boot, loaderDir: at(boot.loaderDir) };
    case 'rpi-tryboot':
      return { ...boot, autoboot: at(boot.autoboot) };
    case 'symlink':
    case 'command':
      return boot;
  }
}
