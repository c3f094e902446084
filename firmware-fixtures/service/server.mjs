// The program that the fixture firmware carries: small enough to read, real enough for a health
// probe. It answers 200 while every file that its release needs is there, and 503 when one is not.
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const RELEASE_FOLDER = new URL('../', import.meta.url);

const readJson = async (url) => JSON.parse(await readFile(url, 'utf8'));
const { product, version } = await readJson(new URL('release.json', RELEASE_FOLDER));
const requiredFiles = await readJson(new URL('required-files.json', import.meta.url));

// On every question, not once at start: a file that goes missing later is a failure too.
async function findMissingFiles() {
  const found = await Promise.allSettled(
    requiredFiles.map((path) => access(new URL(path, RELEASE_FOLDER))),
  );
  return requiredFiles.filter((_, index) => found[index].status === 'rejected');
}

async function answerHealth(response) {
  const missing = await findMissingFiles();
  const healthy = missing.length === 0;
  answer(response, healthy ? 200 : 503, {
    product,
    version,
    healthy,
    ...(!healthy && { missing }),
  });
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function log(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, product, version, ...fields })}\n`);
}

const port = Number(process.env.PORT);
if (!process.env.PORT || !Number.isInteger(port)) {
  process.stderr.write('PORT must be a port number (0 lets the system choose one)\n');
  process.exit(2);
}

const server = createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/healthz') void answerHealth(response);
  else answer(response, 404, { code: 'not_found' });
});
server.listen(port, '127.0.0.1', () => log('service_listening', { port: server.address().port }));

for (const signal of ['SIGTERM', 'SIGINT']) {
  // Requests in flight are answered; idle connections are closed by close() itself (Node 19+).
  process.once(signal, () => server.close(() => log('service_stopped', { signal })));
}
