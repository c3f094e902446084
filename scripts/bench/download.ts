import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { run } from '../processes/run.ts';
import { until } from '../processes/until.ts';
import { writeBigArchive } from './big-archive.ts';
import { measurePairs, pairedRatio } from './pairs.ts';
import { publishArchive } from './publish.ts';
import { median, type BenchResult } from './result.ts';
import { enrolKey, type Setting } from './setting.ts';

const ROUNDS = 9;
const MEBIBYTES = 500;

/** A published artifact of 500 MB by curl to /dev/null, against nginx with the same file. */
export async function benchDownload(setting: Setting): Promise<BenchResult> {
  const { folder, server, tell } = setting;
  if ((await run(['sh', '-c', 'command -v nginx'])).code !== 0) {
    return { kind: 'skipped', why: 'nginx is not installed (Debian: apt install nginx-light)' };
  }
  tell(`publishing ${MEBIBYTES} MiB`);
  const archive = await writeBigArchive(folder, MEBIBYTES);
  const sha256 = await publishArchive(setting, archive, '1.0.0');
  const authorization = await enrolKey(setting);
  const nginx = await startNginx(setting, join(server.dataFolder, 'blobs'));
  const ourUrl = `${server.http}/blobs/sha256/${sha256}`;
  const theirUrl = `${nginx}/${sha256.slice(0, 2)}/${sha256}`;

  const fetchAll = (url: string) => secondsToFetch(url, authorization, archive.bytes);
  await fetchAll(theirUrl); // into the page cache, for both
  tell(`${ROUNDS} rounds`);
  const pairs = await measurePairs(
    ROUNDS,
    () => fetchAll(ourUrl),
    () => fetchAll(theirUrl),
  );
  return {
    kind: 'measured',
    figures: [
      { name: 'sealift-server, 500 MiB', value: median(pairs.ours), unit: 's' },
      { name: 'nginx, 500 MiB', value: median(pairs.theirs), unit: 's' },
    ],
    ratios: [{ name: 'to nginx', value: pairedRatio(pairs), wanted: { atMost: 1.3 } }],
  };
}

async function secondsToFetch(url: string, authorization: string, bytes: number): Promise<number> {
  const format = '%{http_code} %{size_download} %{time_total}';
  const header = `authorization: ${authorization}`;
  const { stdout } = await run(['curl', '-s', '-o', '/dev/null', '-w', format, '-H', header, url]);
  const [status, size, seconds] = stdout.split(' ').map(Number);
  if (status !== 200 || size !== bytes || seconds === undefined) {
    throw new Error(`curl ${url}: ${stdout}, expected ${bytes} bytes`);
  }
  return seconds;
}

async function startNginx({ folder, keeper, interrupted }: Setting, root: string): Promise<string> {
  const port = await freePort();
  const config = join(folder, 'nginx', 'nginx.conf');
  await mkdir(dirname(config), { recursive: true });
  await writeFile(config, configOf(dirname(config), root, port));
  keeper.start('nginx', ['nginx', '-c', config, '-p', dirname(config)]);
  const url = `http://127.0.0.1:${port}`;
  await until({ what: 'nginx', seconds: 10, interrupted }, async () =>
    (await fetch(url).catch(() => undefined)) === undefined ? undefined : true,
  );
  return url;
}

/** The defaults that people run: one worker, sendfile. `user root` so that it may read our files. */
function configOf(folder: string, root: string, port: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 256; }
http { access_log off; sendfile on; ${temporary}
  server { listen 127.0.0.1:${port}; root ${root}; } }
`;
}
