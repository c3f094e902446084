/**
 * What a small gateway carries: apt adds what these depend on. `?essential` is apt's own pattern for
 * the packages that every Debian system has.
 */
export const PACKAGES: readonly string[] = [
  '?essential',
  'base-files',
  'usr-is-merged', // says that /bin is a link, so that apt does not plan the converter and all of perl
  'busybox-static',
  'systemd-sysv',
  'udev',
  'dbus',
  'netbase',
  'iproute2',
  'ca-certificates',
  'openssl',
  'curl',
  'python3-minimal',
  'nodejs', // runs the service that the health probe asks
  'libubootenv-tool', // fw_setenv: how Linux tells U-Boot which slot to start
  'u-boot-rpi',
  'arm-trusted-firmware',
  'linux-image-cloud-arm64',
];
