#!/bin/bash
# What happens on the board, from the first `dpkg -i` to the purge. Each `##` line is for the rig that
# waits on the other end of the serial line; `##WRONG` ends it.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive

say() { echo "##$*"; }
wrong() {
  say "WRONG $*"
  systemctl --no-pager --full status 'sealift-agent*' 2>&1 | tail -n 40
  journalctl --no-pager -o cat -u 'sealift-agent*' -u gateway 2>&1 | tail -n 60
  sync
  systemctl poweroff --force
  exit 1
}
is() { [ "$2" = "$3" ] || wrong "$1 is '$2', not '$3'"; }
property() { systemctl show --property "$2" --value "$1"; }
enabled() { systemctl is-enabled "$1" 2>/dev/null; }
active() { systemctl is-active "$1" 2>/dev/null; }
status() { sealift-agent status --config /etc/sealift/agent.json --json; }
memory() {
  local bytes
  bytes=$(property sealift-agent MemoryCurrent)
  case $bytes in
    *[!0-9]* | '') echo 'nobody counts its memory' ;;
    *) echo "$((bytes / 1000000)) MB" ;;
  esac
}
# Asks until something is so: $1 seconds, then what, then the command.
until_so() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || wrong "waited in vain: $what"
    sleep 2
  done
}
log() { journalctl --no-pager --output=cat --unit='sealift-agent*'; }
# By the agent's log, for starting Node to ask it takes an emulated board many seconds.
committed() { log | grep -q "\"event\":\"update_committed\".*\"version\":\"$1\""; }
rolled_back() { log | grep -q "\"event\":\"update_rolled_back\".*\"version\":\"$1\""; }
says_that_runs() { status | tr -d ' \n' | grep -q "\"running\":{[^}]*\"version\":\"$1\""; }
idle() { [ "$(active sealift-agent-once.service)" = inactive ]; }
install() { dpkg -i "/mnt/$1.deb" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; wrong "dpkg -i $1"; }; }
drop_in() { mkdir -p "/etc/systemd/system/$1.d" && cat >"/etc/systemd/system/$1.d/$2" && systemctl daemon-reload; }

say "BOOTED systemd $(systemctl --version | head -n 1), $(uname -m)"

install 1
is 'the resident unit, enabled' "$(enabled sealift-agent.service)" disabled
is 'the timer, enabled' "$(enabled sealift-agent-once.timer)" disabled
systemctl start sealift-agent.service || wrong 'an unconfigured agent cannot be started'
is 'an unconfigured agent' "$(active sealift-agent.service)" inactive
is 'the state folder' "$(stat -c '%a %U' /var/lib/sealift)" '700 root'
is 'the slots folder' "$(stat -c '%a %U' /var/lib/sealift-slots)" '755 root'
say "INSTALLED $(sealift-agent --version), Node $(/usr/lib/sealift/node/bin/node --version)"

cp /mnt/*.json /etc/sealift/
cp /mnt/gateway.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable gateway.service 2>/dev/null
systemctl enable --now sealift-agent.service 2>/dev/null || wrong 'enable --now'
say RESIDENT
until_so 1200 'release 1.0.0' committed 1.0.0
says_that_runs 1.0.0 || wrong 'status does not know what runs'
is 'the service' "$(active gateway.service)" active
is 'a file of the service in its slot' "$(stat -c %U /var/lib/sealift-slots/current/data/own/file)" daemon
say "COMMITTED 1.0.0 by the resident agent, $(memory) in its unit"

systemctl start sealift-agent-doctor.service || wrong 'the doctor finds trouble inside the sandbox'
echo '[Service]
ReadWritePaths=
ReadWritePaths=/var/lib/sealift' | drop_in sealift-agent-doctor.service narrow.conf
systemctl start sealift-agent-doctor.service 2>/dev/null && wrong 'the doctor does not see that a folder cannot be written'
journalctl --no-pager -o cat -u sealift-agent-doctor | grep -q 'PROBLEM  slots folder' || wrong 'the doctor does not name the folder'
rm -r /etc/systemd/system/sealift-agent-doctor.service.d
systemctl reset-failed
say DOCTOR

before=$(property sealift-agent MainPID)
install 2
until_so 240 'the upgraded agent' systemctl is-active sealift-agent.service
[ "$(property sealift-agent MainPID)" != "$before" ] || wrong 'the old agent runs after the upgrade'
is 'the resident unit after the upgrade' "$(enabled sealift-agent.service)" enabled
say UPGRADED
until_so 2400 'release 1.1.0' committed 1.1.0
say "COMMITTED 1.1.0 after the upgrade"

mkdir -p /etc/systemd/system/sealift-.service.d
cp /usr/lib/sealift/examples/sparing.conf /etc/systemd/system/sealift-.service.d/
systemctl daemon-reload
systemctl restart sealift-agent.service
sleep 20
is 'a sparing agent' "$(active sealift-agent.service) $(property sealift-agent NRestarts)" 'active 0'
say "SPARING $(memory) in its unit"
rm -r /etc/systemd/system/sealift-.service.d
systemctl daemon-reload

systemctl disable --now sealift-agent.service 2>/dev/null
is 'a stopped agent' "$(property sealift-agent Result) $(property sealift-agent ExecMainStatus)" 'success 0'
echo '[Timer]
OnCalendar=
OnCalendar=*:*:0/5
RandomizedDelaySec=0
AccuracySec=1s' | drop_in sealift-agent-once.timer quick.conf
systemctl enable --now sealift-agent-once.timer 2>/dev/null || wrong 'the timer cannot be started'
is 'the timer after boot, enabled' "$(enabled sealift-agent-once-boot.timer)" enabled
say TIMER
until_so 2400 'release 1.2.0' committed 1.2.0
systemctl stop sealift-agent-once.timer
until_so 240 'the end of the run' idle
is 'the agent between two runs' "$(ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c /node$)" 0
systemctl start sealift-agent-once.timer
say "COMMITTED 1.2.0 by the timer"
until_so 2400 'release 1.3.0 to be rolled back' rolled_back 1.3.0
systemctl stop sealift-agent-once.timer
until_so 240 'the end of the run' idle
# The timer may have started one more run since, so by the log that this one ended with code 5.
log | grep -q '"event":"agent_stopped".*"end":"rolled_back"' || wrong 'no run ended with rolled_back'
is 'the last run' "$(property sealift-agent-once Result)" success
says_that_runs 1.2.0 || wrong 'release 1.2.0 does not run again'
is 'failed units after a rollback' "$(systemctl --failed --plain --no-legend | grep -c sealift)" 0
say ROLLEDBACK

systemctl start sealift-agent-once.path
started=$(property sealift-agent-once ExecMainStartTimestampMonotonic)
touch /run/sealift/ask
asked_again() { [ "$(property sealift-agent-once ExecMainStartTimestampMonotonic)" != "$started" ]; }
until_so 240 'a run after touch /run/sealift/ask' asked_again
systemctl stop sealift-agent-once.path sealift-agent-once.service
is 'a run that was told to end' "$(property sealift-agent-once Result)" success
say ASKED

systemctl enable --now sealift-agent.service 2>/dev/null
systemctl start sealift-agent-once.service || wrong 'asking once beside a resident agent'
until_so 240 'the resident agent to be back' systemctl is-active sealift-agent.service
say BACK

# The example of a board: what its lines open, and what is shut without them.
echo '[Service]
ExecStart=
ExecStart=/bin/dd if=/dev/zero of=/dev/vdc bs=4096 count=1 oflag=direct' | drop_in sealift-agent-doctor.service what.conf
[ -b /dev/vdc ] || wrong 'no spare disk'
systemctl start sealift-agent-doctor.service 2>/dev/null && wrong 'the sandbox lets a disk be written'
sed 's,/dev/mmcblk0p2,/dev/vdc,' /usr/lib/sealift/examples/board.conf | drop_in sealift-agent-doctor.service board.conf
systemctl start sealift-agent-doctor.service || wrong 'board.conf does not let a partition be written'
rm -r /etc/systemd/system/sealift-agent-doctor.service.d
# And of update modules: dpkg at work as a child of the agent.
echo '[Service]
ExecStart=
ExecStart=/usr/bin/dpkg -i /mnt/2.deb' | drop_in sealift-agent-doctor.service what.conf
systemctl start sealift-agent-doctor.service 2>/dev/null && wrong 'dpkg works inside the sandbox'
drop_in sealift-agent-doctor.service update-modules.conf </usr/lib/sealift/examples/update-modules.conf
before=$(property sealift-agent MainPID)
systemctl start sealift-agent-doctor.service || wrong 'update-modules.conf does not let dpkg work'
is 'the agent while it installs itself' "$(property sealift-agent MainPID)" "$before"
rm -r /etc/systemd/system/sealift-agent-doctor.service.d
systemctl daemon-reload
systemctl reset-failed
say EXAMPLES

say "EXPOSURE $(systemd-analyze security sealift-agent.service --no-pager 2>/dev/null | tail -n 1 | grep -o 'level.*: [0-9.]*')"
dpkg -r sealift-agent >/dev/null 2>&1 || wrong 'dpkg -r'
is 'the agent after it was removed' "$(active sealift-agent.service)" inactive
[ -e /var/lib/sealift/device-key.json ] || wrong 'the key is gone before the purge'
[ -e /etc/sealift/agent.json ] || wrong 'the configuration is gone'
install 2
until_so 240 'the agent installed again' systemctl is-active sealift-agent.service
dpkg -P sealift-agent >/tmp/purge.log 2>&1 || wrong 'dpkg -P'
[ ! -e /var/lib/sealift ] || wrong 'state is left after the purge'
[ -e /var/lib/sealift-slots/current/bin/gateway ] || wrong 'the purge took the slots'
is 'the service after the purge' "$(active gateway.service)" active
is 'links that are left' "$(find /etc/systemd/system -type l -name 'sealift-agent*' | wc -l)" 0
say "PURGED"
sync
systemctl poweroff
