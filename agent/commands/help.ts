/** What `--help` says: enough to run an agent without another page. */
export const HELP = `sealift-agent: installs signed releases on this device, and proves what runs.

  sealift-agent run --config FILE          follow the server until told to end (SIGTERM)
  sealift-agent run --config FILE --once   ask once, install what is offered, report, end
  sealift-agent install BUNDLE --config FILE
                                           install an offline bundle (folder or file), without
                                           any server; not beside a running agent
  sealift-agent status --config FILE       what runs here, and what was last refused
  sealift-agent verify --config FILE       check again: the running slot against its signed
                                           digest, the stored metadata against its signatures
  sealift-agent doctor --config FILE       whether this device could be updated, and what to
                                           mend; of use before it is enrolled too
  sealift-agent --version

Options:
  --json      status, verify and doctor answer JSON, install writes its log as JSON lines
  -h, --help  this text

Exit codes:
  0  done; with --once: committed, or nothing to do     4  --once: the update failed
  1  something is broken (verify, doctor: see there)        5  --once: the update was rolled back
  2  the command or the configuration is wrong          6  --once: later (server away, window)
  3  --once: the offer was refused                      7  --once: not enrolled yet

install ends as run --once does: 0, 3, 4, 5 or 6.

The configuration is one JSON file; paths in it are relative to its folder:
  {
    "deviceId": "gw-0001", "product": "gateway", "hardwareId": "rpi4",
    "stateDir": "/var/lib/sealift",        its own files: keys, floors, outbox
    "slotsDir": "/opt/gateway",            holds a/, b/ and the link "current"
    "server": { "http": "https://updates.example", "mqtt": "mqtts://updates.example:8883",
                "pollSeconds": 300, "caFile": "ca.pem" },
    "roots": { "image": "image.root.json", "director": "director.root.json" },
    "enrolmentTokenFile": "enrolment-token",
    "boot": { "kind": "symlink", "restart": ["systemctl", "restart", "gateway"],
              "stop": ["systemctl", "stop", "gateway"] },
    "trial": { "probes": [{ "kind": "http", "url": "http://127.0.0.1:8080/healthz" }],
               "holdSeconds": 30, "deadlineSeconds": 300, "commitOffline": false },
    "policy": { "requireSbom": true }
  }

"boot" may name a boot loader instead (command, uboot, grub, systemd-boot, rpi-tryboot); programs
in /etc/sealift/hooks.d/STAGE/ run before and after each stage. Both: agent/README.md.

The agent writes one JSON line an event to stdout. Without TLS it speaks only to this machine,
unless "server" says "allowPlaintext": true.
`;
