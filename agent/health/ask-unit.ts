import { captureCommand } from '../capture-command.ts';
import type { Ailment } from './ailment.ts';

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'Result', 'InvocationID'];
const OUTPUT_BYTES = 4_096;

/** A question to systemd about one unit. It remembers the life of the unit that it saw last. */
export type UnitProbe = () => Promise<Ailment>;

/**
 * Healthy when the unit is active, and still in the life it was in when last asked: a service that
 * crashes and is restarted between two questions is active at both of them.
 */
export function unitProbe(unit: string, folder: string, timeoutMs: number): UnitProbe {
  let life: string | undefined;
  return async () => {
    const captured = await captureCommand({
      command: ['systemctl', 'show', `--property=${PROPERTIES.join(',')}`, '--', unit],
      folder,
      timeoutMs,
      limitBytes: OUTPUT_BYTES,
      keep: 'first',
    });
    if (captured.kind === 'missing') return `${unit}: ${captured.detail}`;
    if (captured.kind === 'hung') return `${unit}: systemctl ran longer than ${timeoutMs} ms`;
    if (captured.kind === 'killed') return `${unit}: systemctl was killed by ${captured.signal}`;
    if (captured.code !== 0) {
      return `${unit}: systemctl ended with ${captured.code}: ${captured.errors.trim().slice(0, 200)}`;
    }
    const properties = propertiesIn(captured.output);
    const before = life;
    life = properties.get('InvocationID');
    if (properties.get('ActiveState') !== 'active') return `${unit} is ${wordsFor(properties)}`;
    return before === undefined || before === life ? undefined : `${unit} was started anew`;
  };
}

function propertiesIn(output: string): ReadonlyMap<string, string> {
  const pairs = output
    .split('\n')
    .filter((line) => line.includes('='))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  return new Map(pairs);
}

function wordsFor(properties: ReadonlyMap<string, string>): string {
  const { LoadState, ActiveState = 'unknown', SubState, Result } = Object.fromEntries(properties);
  if (LoadState !== undefined && LoadState !== 'loaded') return LoadState;
  return `${ActiveState} (${SubState ?? '?'}, result ${Result ?? '?'})`.slice(0, 200);
}
