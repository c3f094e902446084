import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ManifestSchema } from '../../../shared/release/manifest.ts';
import { agentStatus, startAgent } from '../../fleet/agent.ts';
import { copyDevice, restartService, type Device } from '../../fleet/device.ts';
import type { Server } from '../../fleet/server.ts';
import type { Keeper } from '../../processes/keeper.ts';
import { freePort } from '../../processes/free-port.ts';
import { until } from '../../processes/until.ts';
import { openFalseServer, type Loot } from '../attacker/false-server.ts';
import { forgeRelease, FORGED_VERSION, type ForgedRelease } from '../attacker/forge-release.ts';
import { readImageNow } from '../attacker/image-now.ts';
import { stealKeys } from '../attacker/stolen-keys.ts';
import type { Firmware } from '../firmware.ts';
import { PRODUCT, serviceVersion, type Fleet } from '../fleet.ts';
import { slotsDigest } from '../slots.ts';
import { claim, type Happening, type Told } from '../stage.ts';

/** What the attack needs. */
export interface BreakIn {
  readonly server: Server;
  readonly keeper: Keeper;
  /** What the devices run. */
  readonly release: Firmware;
  /** Where the copy of the device goes. */
  readonly copyFolder: string;
  readonly interrupted: AbortSignal;
}

const CODE = 'threshold_not_met';
const SECONDS = 20;

/**
 * Somebody has broken into the server and has all its keys. The publish gate refuses what they sign;
 * and so does a device, where they have replaced the whole server by one without a gate.
 *
 * The device is a copy of one of the five, with its key, its trust and its slots: a stolen online key
 * can still push version numbers up, and the fleet of this story has more to do.
 */
export async function signWithServerKeys(
  { author, devices }: Fleet,
  breakIn: BreakIn,
): Promise<Told<readonly Happening[]>> {
  const { server, release } = breakIn;
  const victim = devices.at(-1);
  if (victim === undefined) throw new Error('bug: no device to attack');
  const keys = await stealKeys(server.dataFolder);
  const shown = z.object({ manifest: ManifestSchema });
  const { manifest } = await author.ask(shown, 'release', 'show', PRODUCT, release.version);
  const artifact = await readFile(join(release.folder, 'artifact.tar'));
  artifact.write('cr3ateServer', artifact.indexOf('createServer'));
  const now = await readImageNow(server.http, PRODUCT);
  const forged = await forgeRelease(manifest, artifact, now, keys);

  const gate = await offerToGate(server, forged);
  claim(gate === CODE, `the publish gate refuses it: ${gate}`);
  const device = await offerToDevice(victim, breakIn, { keys, forged });
  claim(device.code === CODE, `the device refuses it: ${device.code}`);
  return {
    says: `${FORGED_VERSION}, signed with all five keys of the server: the publish gate refused it, and so did ${device.id} where the gate was gone: ${device.code}`,
    facts: {
      version: FORGED_VERSION,
      gate,
      device: device.code,
      detail: device.detail,
      installed: 0,
    },
    value: [
      { device: `${device.id} (copy)`, what: 'refused', version: FORGED_VERSION, why: device.code },
    ],
  };
}

/** The attacker has found an operator's token too. */
async function offerToGate({ http, token }: Server, forged: ForgedRelease): Promise<string> {
  const { artifact, manifest, role } = forged;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  const send = async (
    method: string,
    path: string,
    type: string,
    body: Uint8Array<ArrayBuffer> | string,
  ) =>
    fetch(`${http}/api/v1/${path}`, {
      method,
      body,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
    });
  const { artifacts } = ManifestSchema.parse(JSON.parse(text(manifest)));
  const path = `blobs/${artifacts[0]?.sha256 ?? ''}?mediaType=application/x-tar`;
  await send('PUT', path, 'application/octet-stream', new Uint8Array(artifact));
  const body = JSON.stringify({ manifest: text(manifest), role: text(role) });
  const answer = await send('POST', 'releases', 'application/json', body);
  const said: unknown = await answer.json();
  return z.object({ refusal: z.string() }).safeParse(said).data?.refusal ?? JSON.stringify(said);
}

async function offerToDevice(
  device: Device,
  { keeper, server, copyFolder, interrupted, release }: BreakIn,
  forgery: Pick<Loot, 'keys' | 'forged'>,
) {
  const loot = { ...forgery, real: server.http, deviceId: device.id };
  const falseServer = await openFalseServer(loot);
  try {
    await untilAtRest(device, interrupted);
    const copy = await copyDevice(device, {
      folder: copyFolder,
      servicePort: await freePort(),
      server: { http: falseServer.http, pollSeconds: 1 },
    });
    const before = await slotsDigest(copy);
    await restartService(copy);
    const agent = startAgent(keeper, copy, 'copied-device');
    const what = 'the copied device to answer the false server';
    const refused = await until({ what, seconds: SECONDS, interrupted }, () =>
      Promise.resolve(
        falseServer.reports
          .map(({ event }) => event)
          .find((event) => event.kind === 'refused' && event.path === forgery.forged.target.path),
      ),
    );
    const running = await serviceVersion(copy);
    await agent.stop();
    claim(refused.kind === 'refused', 'the answer is a refusal');
    claim((await slotsDigest(copy)) === before, 'its slots are as they were, byte for byte');
    claim(running === release.version, `it still runs ${release.version}: ${running}`);
    return { id: device.id, code: refused.code, detail: refused.detail };
  } finally {
    await falseServer.close();
  }
}

/** A disk that is copied in the middle of an update would be a disk after a power cut. */
async function untilAtRest(device: Device, interrupted: AbortSignal): Promise<void> {
  const what = `${device.id} to have nothing left to do`;
  await until({ what, seconds: SECONDS, interrupted }, async () => {
    const { stage } = await agentStatus(device);
    return stage === 'idle' ? true : undefined;
  });
}
