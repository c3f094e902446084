import { captureCommand, type Captured } from '../capture-command.ts';
import { BootTrouble } from './boot-trouble.ts';

/** Runs a tool of the boot loader to a good end and answers its output, or is a `BootTrouble`. */
export type BootTool = (command: readonly string[]) => Promise<string>;

/** The largest U-Boot environment in the field is 128 KiB; a tool that says more has lost its way. */
const OUTPUT_BYTES = 512 * 1_024;
const DETAIL_CHARACTERS = 200;

/** Tools that run in `folder` and have `timeoutMs`. */
export function bootTools(folder: string, timeoutMs: number): BootTool {
  return async (command) => {
    const captured = await captureCommand({
      command,
      folder,
      timeoutMs,
      limitBytes: OUTPUT_BYTES,
      keep: 'first',
    });
    return outputOf(command[0] ?? '', captured, timeoutMs);
  };
}

function outputOf(tool: string, captured: Captured, timeoutMs: number): string {
  switch (captured.kind) {
    case 'missing':
      throw new BootTrouble('boot_tool_missing', captured.detail);
    case 'hung':
      throw new BootTrouble('boot_tool_hung', `${tool} ran longer than ${timeoutMs} ms`);
    case 'killed':
      throw new BootTrouble('boot_tool_killed', `${tool} was killed by ${captured.signal}`);
    case 'ended': {
      const { code, output, errors, isCut } = captured;
      if (code !== 0) {
        const said = (errors.trim() || output.trim()).slice(0, DETAIL_CHARACTERS);
        throw new BootTrouble('boot_tool_failed', `${tool} ended with ${code}: ${said}`);
      }
      if (isCut) {
        throw new BootTrouble('boot_tool_flooded', `${tool} said more than ${OUTPUT_BYTES} bytes`);
      }
      return output;
    }
  }
}
