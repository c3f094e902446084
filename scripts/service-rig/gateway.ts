import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishArchive } from '../bench/publish.ts';
import type { Setting } from '../bench/setting.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';

/** The service that runs from the slot, as a user of its own that leaves a file there. */
export const GATEWAY_UNIT = `[Unit]
ConditionPathExists=/var/lib/sealift-slots/current
[Service]
ExecStart=/var/lib/sealift-slots/current/bin/gateway
User=daemon
[Install]
WantedBy=multi-user.target
`;

const HEALTHY = `slot=$(readlink -f /var/lib/sealift-slots/current)
mkdir -p "$slot/data/own"
echo mine > "$slot/data/own/file"
exec sleep infinity
`;

/** Packs and publishes a version of the service. */
export async function publishGateway(
  setting: Setting,
  version: string,
  health: 'healthy' | 'sick',
): Promise<void> {
  const tree = join(setting.folder, `gateway-${version}`);
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'data'));
  await chmod(join(tree, 'data'), 0o777); // whatever our umask: the service writes there
  const program = join(tree, 'bin', 'gateway');
  await writeFile(
    program,
    `#!/bin/sh\n# ${version}\n${health === 'healthy' ? HEALTHY : 'exit 1\n'}`,
  );
  await chmod(program, 0o755);
  const artifact = `${tree}.tar`;
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  await runTool('tar', [...owner, '-C', tree, '-cf', artifact, 'bin', 'data']);
  const sbom = join(setting.folder, 'gateway.cdx.json');
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };
  await writeFile(sbom, JSON.stringify(document));
  await publishArchive(setting, { artifact, sbom, bytes: 0 }, version);
}
