import { buildFirmware } from '../firmware.ts';
import type { Told } from '../stage.ts';

/** The fixtures of this repository: Arm Trusted Firmware-A with a small service, SBOM, provenance. */
export async function packFirmware(folder: string): Promise<Told<void>> {
  const files = await buildFirmware(folder);
  return {
    says: `${files} files: Arm Trusted Firmware-A for two boards and a service, with SBOM and provenance`,
    facts: { files },
    value: undefined,
  };
}
