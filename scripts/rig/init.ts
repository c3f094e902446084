/** What a release does on the board: a good one, and those that must never stay. */
export type Behaviour = 'works' | 'panics' | 'hangs' | 'unhealthy' | 'stops-the-agent';

/** Seconds until the board's watchdog resets it when nobody feeds it. */
export const WATCHDOG_SECONDS = 30;

/**
 * The first process of a root: mounts the data partition, brings up the network, runs the agent for
 * ever. The initial RAM disk has armed the watchdog, and nothing lets it go again (`nowayout`). Only
 * one process can hold the device: this one opens it for an instant at a time, and while the agent
 * holds it in a trial finds it busy and leaves the feeding to the agent. An agent that was killed
 * lets it fall shut, and the feeding is done here again.
 */
export const INIT = `#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin:/data/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmp /run; mount -t tmpfs tmp /tmp
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /run/lock
SLOT=$(sed -n 's/.*slot=\\([AB]\\).*/\\1/p' /proc/cmdline)
VERSION=$(cat /etc/sealift/version)
echo "##INIT slot=$SLOT version=$VERSION"
case $(cat /etc/sealift/behaviour) in
panics) echo "##PANIC slot=$SLOT"; sleep 1; echo c > /proc/sysrq-trigger;;
hangs) echo "##HANG slot=$SLOT"; while :; do sleep 1000; done;;
esac
dmesg -n 2 # or the kernel would complain with each feeding that the watchdog was left armed
while :; do echo fed > /dev/watchdog; sleep 5; done 2>/dev/null &
mount -t ext4 /dev/vda5 /data || { echo "##NODATA"; sleep 1; reboot -f; }
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
echo "##READY slot=$SLOT version=$VERSION"
while :; do
  node /usr/lib/sealift/sealift-agent.mjs run --config /data/agent.json
  echo "##AGENT ended with $?"
  sleep 1
done
`;

/** What a release says of its own health when the agent asks in the trial. */
export const HEALTH = `#!/bin/sh
case $(cat /etc/sealift/behaviour) in
unhealthy) exit 1;;
stops-the-agent) echo "##STOPPED" > /dev/console; kill -STOP $PPID;;
esac
`;

/** Around U-Boot's own tool, so that the serial line tells when the environment is written. */
export const SAYING_SETENV = `#!/bin/sh
echo "##SETENV begin" > /dev/console
/usr/lib/sealift/fw_setenv "$@"
CODE=$?
echo "##SETENV end" > /dev/console
exit $CODE
`;
