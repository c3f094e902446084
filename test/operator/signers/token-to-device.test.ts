import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import { imageFetch } from '../../../operator/operate/image-fetch.ts';
import { manifestPath } from '../../../shared/release/names.ts';
import { findTarget } from '../../../shared/trust/find-target.ts';
import { acceptManifest } from '../../../shared/trust/manifest.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import { newHome, operatorAt, PASSPHRASE, type Operator } from '../operator.ts';
import { startServerProcess, type ServerProcess } from '../server-process.ts';
import { PIN, startSoftHsm, type SoftHsm } from './soft-hsm.ts';
import { describeWith } from './tools.ts';

// From keys that no file ever held to a device: the real server, a real token.
describeWith(['softhsm2-util', 'pkcs11-tool'], 'P-256 keys in a token, end to end', () => {
  let hsm: SoftHsm;
  let server: ServerProcess;
  let author: Operator;
  const now = (): Date => new Date();

  beforeAll(async () => {
    [hsm, server] = await Promise.all([startSoftHsm('author'), startServerProcess()]);
    const home = await newHome();
    // No passphrase: keys of which none is in a file need none.
    const env = { ...hsm.env, SEALIFT_HOME: home, SEALIFT_PKCS11_PIN: PIN };
    author = operatorAt(home, { env, now });
    let id = 0;
    for (const role of ['image-root', 'image-targets', 'director-root', 'product:gateway']) {
      const name = role.replace('product:', '');
      id += 1;
      await hsm.makeKey(name, `0${id}`);
      await author.json('keys', 'add', name, '--role', role, '--signer', hsm.uri(name));
    }
    await author.json(
      ...['keys', 'init', '--single', '--server', server.url, '--token', server.token],
    );
    await author.json('product', 'add', 'gateway', '--hardware', 'rpi4');
    await writeFile(
      join(home, 'artifact.tar'),
      tarOf([{ path: 'a', mode: 0o644, bytes: Buffer.from('a') }]),
    );
    await writeFile(
      join(home, 'sbom.json'),
      JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6' }),
    );
  });
  afterAll(() => server.stop());

  const publish = (version: string): Promise<Record<string, unknown>> =>
    author.json(
      ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
      ...['--class', 'functional', '--artifact', join(author.home, 'artifact.tar')],
      ...['--sbom', join(author.home, 'sbom.json')],
    );

  test('the device accepts the release that the token signed', async () => {
    const { manifestSha256 } = await publish('1.0.0');

    const connection = { ...server, server: server.url, fetch, interrupted: AbortSignal.any([]) };
    const firstRoot = await readFile(join(author.home, 'metadata', 'image', '1.root.json'));
    const repository = {
      name: 'image',
      fetch: imageFetch(connection),
      store: memoryStore(),
      firstRoot,
      startedAt: now(),
      profile: undefined,
    } as const;
    const trusted = await refresh(repository);
    const path = manifestPath('gateway', '1.0.0');
    const file = await findTarget(repository, trusted, path);
    if (file === undefined) throw new Error('the device does not find the release');
    const response = await fetch(
      `${server.url}/image/targets/gateway/1.0.0/${String(manifestSha256)}.manifest.json`,
      { headers: { authorization: `Bearer ${server.token}` } },
    );
    const manifest = acceptManifest(Buffer.from(await response.arrayBuffer()), { path, file });

    expect(manifest).toMatchObject({ product: 'gateway', version: '1.0.0' });
    expect([...trusted.root.keys.values()].map(({ keytype }) => keytype)).toContain('ecdsa');
  });

  test('a plain TUF client reads it too', async () => {
    await publish('1.0.1');
    const folder = await newHome();
    const [metadataDir, targetDir] = [join(folder, 'metadata'), join(folder, 'targets')];
    await mkdir(metadataDir);
    await mkdir(targetDir);
    await copyFile(
      join(author.home, 'metadata', 'image', '1.root.json'),
      join(metadataDir, 'root.json'),
    );
    const client = new Updater({
      metadataDir,
      metadataBaseUrl: `${server.url}/image`,
      targetDir,
      targetBaseUrl: `${server.url}/image/targets`,
    });
    expect(await client.getTargetInfo('gateway/1.0.1/manifest.json')).toBeDefined();
  });

  test('a token whose key was replaced signs nothing', async () => {
    await hsm.deleteKey('04');
    await hsm.makeKey('gateway', '04');
    await expect(publish('6.6.6')).rejects.toThrow(/signer_key_changed/);
  });

  test('no file of the workspace holds the PIN or a private key', async () => {
    const names = ['image-root', 'image-targets', 'director-root', 'gateway'];
    for (const name of names) {
      const text = await readFile(join(author.home, 'keys', `${name}.signer.json`), 'utf8');
      expect(text).not.toContain(PIN);
      expect(text).not.toMatch(/PRIVATE|passphrase/);
    }
    expect(PASSPHRASE).not.toBe(PIN);
  });
});
