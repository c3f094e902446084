import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { readFirstRoot } from '../config/configured-file.ts';
import type { Config } from '../config/load-config.ts';
import { readIfThere } from '../install/durable-file.ts';
import { installersOf } from '../install/installers.ts';
import { measureInstalled, NOTHING_MEASURABLE } from '../install/measure-installed.ts';
import { slotFolders } from '../install/slot-folders.ts';
import { openModules } from '../modules/open-modules.ts';
import { statePaths } from '../paths.ts';
import { standingIn, type Installed, type Slot } from '../state/agent-state.ts';
import type { Repository } from '../../shared/trust/repository.ts';
import type { RepositoryName } from '../verify/floors-file.ts';
import { findStored, verifyStored, type StoredVerdict } from '../verify/stored-metadata.ts';
import { signedDigests } from '../verify/signed-digest.ts';
import type { Invocation } from './command.ts';
import { look, type Look } from './look.ts';

/** One thing that was checked. */
interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `verify`: everything on this disk that rests on a signature, checked again. Exit code 1 if not. */
export async function verify({ config, ambient, json }: Invocation): Promise<number> {
  const seen = await look(config);
  const image = await groundOf(config, 'image', seen);
  const director = await groundOf(config, 'director', seen);
  const verdict = await verifyStored(image, ambient.now());
  const checks = [
    checkOf('image metadata', verdict),
    checkOf('director metadata', await verifyStored(director, ambient.now())),
    ...(seen.installed === null
      ? [{ name: 'running release', ok: true, detail: 'no release of ours runs here' }]
      : await checkRunning(config, { seen, installed: seen.installed, image, verdict })),
  ];
  const ok = checks.every((check) => check.ok);
  const words = checks.map(({ name, ok: held, detail }) => {
    return `${held ? 'holds ' : 'BROKEN'}  ${name}: ${detail}\n`;
  });
  ambient.write(json ? `${JSON.stringify({ ok, checks }, null, 2)}\n` : words.join(''));
  return ok ? 0 : 1;
}

type Ground = Pick<Repository, 'name' | 'store' | 'firstRoot'>;

async function groundOf(config: Config, name: RepositoryName, seen: Look): Promise<Ground> {
  const folder = statePaths(config.stateDir).metadata[name];
  const load = (role: string): Promise<Uint8Array | undefined> =>
    readIfThere(join(folder, `${encodeURIComponent(role)}.json`));
  const nothing = (): Promise<void> => Promise.resolve();
  const floors = seen.floors[name];
  return {
    name,
    firstRoot: await readFirstRoot(name, config.roots[name]),
    store: {
      load,
      save: nothing,
      remove: nothing,
      saveFloors: nothing,
      loadFloors: () => Promise.resolve(floors),
    },
  };
}

function checkOf(name: string, verdict: StoredVerdict): Check {
  if (verdict.kind === 'broken') {
    return { name, ok: false, detail: `${verdict.code}: ${verdict.detail}` };
  }
  const { trusted, isFresh } = verdict;
  const versions = `root v${trusted.root.version}, targets v${trusted.targets.version}`;
  const age = isFresh ? 'fresh' : 'expired since; a new one is fetched before the next update';
  return { name, ok: true, detail: `${versions}, ${age}` };
}

interface RunningToCheck {
  readonly seen: Look;
  readonly installed: Installed;
  readonly image: Ground;
  readonly verdict: StoredVerdict;
}

async function checkRunning(
  config: Config,
  { seen, installed, image, verdict }: RunningToCheck,
): Promise<readonly Check[]> {
  const { release } = installed;
  const manifest = await readIfThere(
    join(statePaths(config.stateDir).manifests, `${release.manifestSha256}.json`),
  );
  const isSigned = manifest !== undefined && sha256Hex(manifest) === release.manifestSha256;
  const signed = isSigned ? signedDigests(manifest) : new Map<string, string>();
  return [
    {
      name: 'manifest',
      ok: isSigned,
      detail: `${release.product} ${release.version}, ${release.manifestSha256}`,
    },
    await checkVouched(release, image, verdict),
    ...(await checkComponents(config, { slot: seen.slot, installed, signed })),
  ];
}

const NEVER_STOPS = (): void => undefined;

interface SlotToCheck {
  readonly slot: Slot | undefined;
  readonly installed: Installed;
  /** By component; an archive of which the author signed no digest is held to what was measured. */
  readonly signed: ReadonlyMap<string, string>;
}

async function checkComponents(
  config: Config,
  { slot, installed, signed }: SlotToCheck,
): Promise<readonly Check[]> {
  if (slot === undefined) return [{ name: 'slot', ok: false, detail: 'none runs' }];
  const moduleOf = openModules(config, {
    log: () => undefined,
    requireRunning: NEVER_STOPS,
  }).installerOf;
  const world = {
    slots: slotFolders(config.slotsDir),
    findInstaller: installersOf(config, { requireRunning: NEVER_STOPS, moduleOf }),
  };
  const { components } = await measureInstalled(world, slot, installed);
  return components.map(({ component, installedSha256 }, at) => {
    const expected = signed.get(component) ?? standingIn(installed)[at]?.installedSha256;
    const ok = installedSha256 === expected;
    return {
      name: components.length === 1 ? `slot ${slot}` : `slot ${slot}, ${component}`,
      ok,
      detail: ok ? found(installedSha256) : `${found(installedSha256)}, not ${expected ?? '?'}`,
    };
  });
}

function found(digest: string | null): string {
  if (digest === null) return 'cannot be measured: its module does not tell';
  return digest === NOTHING_MEASURABLE ? 'holds nothing that was released' : `measures ${digest}`;
}

/** A release that ran before the author's role moved on is still in it: releases never vanish. */
async function checkVouched(
  { product, version, manifestSha256 }: Installed['release'],
  image: Ground,
  verdict: StoredVerdict,
): Promise<Check> {
  const name = 'author';
  if (verdict.kind === 'broken') return { name, ok: false, detail: 'no metadata to ask' };
  try {
    const path = manifestPath(product, version);
    const target = await findStored(image, verdict.trusted, path);
    const ok = target?.hashes.sha256 === manifestSha256;
    return { name, ok, detail: ok ? `signed ${path}` : `does not vouch for ${manifestSha256}` };
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    return { name, ok: false, detail: `${cause.code}: ${cause.message}` };
  }
}
