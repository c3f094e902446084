import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import type { SignerWorld } from './remote-key.ts';

/** A program that is run once: bytes in, bytes out. */
export interface ChildCall {
  /** For sentences: what the operator would call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the environment of {@link childEnv}. A secret may stand here, and nowhere else. */
  readonly secretEnv?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  readonly timeoutMilliseconds: number;
  readonly maxOutputBytes: number;
}

/** How a program ended by itself. */
export interface ChildEnd {
  readonly exitCode: number | null;
  readonly stdout: Uint8Array;
  /** At most the first 4 KiB. */
  readonly stderr: string;
}

const MAX_STDERR_BYTES = 4_096;

/** A core file of a program that crashes would hold the secrets it was given, so it leaves none. */
const WITHOUT_CORE = ['-c', 'ulimit -c 0 && exec "$@"', 'sh'];

/** Our own secrets are for us: a child gets the environment without any SEALIFT_ variable. */
export function childEnv(env: SignerWorld['env']): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !name.startsWith('SEALIFT_')) passed[name] = value;
  }
  return passed;
}

/** Runs it to its end. Too slow, too talkative or not there at all is `signer_unavailable`. */
export async function runChild(call: ChildCall, world: SignerWorld): Promise<ChildEnd> {
  const child = spawn('sh', [...WITHOUT_CORE, call.command, ...call.args], {
    env: { ...childEnv(world.env), ...call.secretEnv },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it may end without reading everything
  child.stdin.end(call.input ?? Buffer.of());
  const signal = AbortSignal.any([
    world.interrupted,
    AbortSignal.timeout(call.timeoutMilliseconds),
  ]);
  try {
    const [stdout, stderr, exitCode] = await Promise.all([
      readAll(child.stdout, call.maxOutputBytes),
      readStart(child.stderr, MAX_STDERR_BYTES),
      untilExit(child, signal),
    ]);
    return { exitCode, stdout, stderr: stderr.toString('utf8') };
  } catch (cause) {
    if (world.interrupted.aborted) throw new Failure('interrupted', 'interrupted', { cause });
    throw unavailable(call, signal.aborted, cause);
  } finally {
    end(child);
  }
}

/** Its last words, for a sentence: one line, no more than a person would read. */
export function lastWords({ exitCode, stderr }: ChildEnd): string {
  const line = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return `exit code ${exitCode ?? 'none (killed)'}${line === '' ? '' : `: ${line}`}`;
}

function untilExit(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
    const stop = (): void => {
      reject(new Error('stopped'));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function readAll(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`it wrote more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads on after the limit, or the program would wait for us, but keeps only the start. */
async function readStart(stream: Readable, maxBytes: number): Promise<Buffer> {
  let start = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (start.length < maxBytes) {
      start = Buffer.concat([start, chunk]).subarray(0, maxBytes);
    }
  }
  return start;
}

/** Nothing of it outlives the call, whatever it left open. */
function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function unavailable(call: ChildCall, isLate: boolean, cause: unknown): Failure {
  const why = isLate
    ? `it took longer than ${call.timeoutMilliseconds / 1_000} s`
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return new Failure('signer_unavailable', `${call.name} gave no answer: ${why}`, { cause });
}
