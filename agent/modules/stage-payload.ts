import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { captureCommand } from '../capture-command.ts';
import { measureTree } from '../install/measure-tree.ts';
import { wipeTree } from '../install/wipe-tree.ts';
import { ModuleFailure } from './module-failure.ts';
import type { PayloadFile } from './module-payload.ts';
import { nameOf, type ModuleRef, type ModuleRunner } from './module-runner.ts';
import { serveStreams, type StreamsEnd } from './serve-streams.ts';

/** A payload on its way to a module. */
export interface Staging {
  readonly module: ModuleRef;
  readonly tree: string;
  /** Where the files lie now; they are moved or removed. */
  readonly payloadFolder: string;
  readonly files: readonly PayloadFile[];
}

/**
 * The protocol's `Download`. The module is offered its files as streams; what it does not read is put
 * into `files/`. Unlike Mender, which streams while it downloads, every byte was verified before.
 * Answers the digest of `files/`, flushed, by which it is known again; undefined without any.
 */
export async function stagePayload(
  runner: ModuleRunner,
  staging: Staging,
): Promise<string | undefined> {
  const { module, tree, payloadFolder, files } = staging;
  const withSizes = await providesSizes(runner, module);
  await makePipes(tree, files);
  const streams = await download(runner, staging, withSizes);
  await rm(join(tree, 'stream-next'), { force: true });
  await wipeTree(join(tree, 'streams'));
  if (streams === 'unfinished') {
    const detail = `${nameOf(module)} began to read its streams and did not finish`;
    throw new ModuleFailure('module_stream', detail);
  }
  if (streams === 'untouched') await rename(payloadFolder, join(tree, 'files'));
  else await wipeTree(payloadFolder);
  await measureTree(join(tree, 'header'), 'flush');
  return streams === 'untouched' ? measureTree(join(tree, 'files'), 'flush') : undefined;
}

async function providesSizes(runner: ModuleRunner, module: ModuleRef): Promise<boolean> {
  const answer = await runner.ask(module, 'ProvidePayloadFileSizes');
  if (answer === 'Yes') return true;
  if (answer === 'No' || answer === '') return false;
  throw strangeAnswer(module, 'ProvidePayloadFileSizes', answer);
}

async function download(
  runner: ModuleRunner,
  { module, tree, files }: Staging,
  withSizes: boolean,
): Promise<StreamsEnd> {
  const ended = new AbortController();
  const serving = serveStreams({ tree, files, withSizes, ended: ended.signal });
  try {
    await runner.run(module, withSizes ? 'DownloadWithFileSizes' : 'Download');
  } catch (cause) {
    ended.abort();
    await serving; // the module's own words say more than its broken pipes
    throw cause;
  }
  ended.abort();
  return serving;
}

/** Node makes no pipes; every system that has modules has this program. */
async function makePipes(tree: string, files: readonly PayloadFile[]): Promise<void> {
  await mkdir(join(tree, 'streams'), { mode: 0o700 });
  const pipes = ['stream-next', ...files.map(({ name }) => join('streams', name))];
  for (let at = 0; at < pipes.length; at += PIPES_AT_ONCE) {
    const made = await captureCommand({
      command: ['mkfifo', '-m', '600', '--', ...pipes.slice(at, at + PIPES_AT_ONCE)],
      folder: tree,
      timeoutMs: MKFIFO_MS,
      limitBytes: 500,
      keep: 'last',
    });
    if (made.kind === 'ended' && made.code === 0) continue;
    const why = made.kind === 'missing' ? made.detail : made.errors;
    throw new ModuleFailure('module_unusable', `no pipes can be made here: ${why}`);
  }
}

const MKFIFO_MS = 60_000;
/** Well below what a command line may hold. */
const PIPES_AT_ONCE = 200;

/** A module that says what the protocol has no word for. */
export function strangeAnswer(module: ModuleRef, query: string, answer: string): ModuleFailure {
  const words = JSON.stringify(answer.slice(0, 100));
  return new ModuleFailure('module_answer', `${nameOf(module)} answers ${query} with ${words}`);
}
