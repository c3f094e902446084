import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { pino } from 'pino';
import { ConfigError, readConfig, type Config, type Flags } from './config.ts';
import { startServer } from './run/start-server.ts';

const HELP = `
The first start makes the data folder: the server's online keys, its database, its blobs. Back all of
it up together. It prints the token of the first admin once, on standard output.

A configuration file may hold (strict JSON, unknown keys are refused):
  dataDir          where everything is kept                        (or --data)
  host             address to listen on, default 127.0.0.1         (or --host)
  http, mqtt       { "port": N, "tls": { "cert": FILE, "key": FILE } }
                   default ports 8080 and 1883; 0 takes a free one (or --http-port, --mqtt-port)
  publicUrl        how the server is reached through a proxy
  publicBlobs      true lets anybody fetch blobs by digest, for a CDN; default false
  blobAccelPrefix  prefix under which nginx serves the blob folder (X-Accel-Redirect)
  maxBlobBytes     largest blob that an author may upload, default 16 GiB
  securityContact  mailto: or https: address for /.well-known/security.txt
  logLevel         debug, info, warn, error or silent; the log goes to standard error

Examples:
  sealift-server --data ./data
  sealift-server --config /etc/sealift/server.json`;

const program = new Command('sealift-server')
  .description('Carries sealed releases to a fleet and follows their proof.')
  .option('--config <file>', 'configuration file (JSON)')
  .option('--data <dir>', 'data folder; made if it does not exist')
  .option('--host <host>', 'address to listen on')
  .option('--http-port <port>', 'port for HTTP')
  .option('--mqtt-port <port>', 'port for MQTT')
  .addHelpText('after', HELP)
  .action(run);

await program.parseAsync();

async function run({
  config: file,
  ...flags
}: Flags & { readonly config?: string }): Promise<void> {
  const config = await readConfigOrExit(file, flags);
  const logger = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2), // standard output is for the first token and the address
  );
  const server = await startServer(config, {
    now: () => new Date(),
    randomBytes: (count) => randomBytes(count),
    newId: () => randomUUID(),
    log: (event, fields) => {
      logger[event.endsWith('_failed') ? 'error' : 'info']({ event, ...fields });
    },
  }).catch((cause: unknown) => exit(cause instanceof Error ? cause.message : String(cause)));
  if (server.firstToken !== undefined) {
    console.log(`first operator token (shown once): ${server.firstToken}`);
  }
  const { http, mqtt } = server;
  console.log(JSON.stringify({ event: 'listening', http, mqtt }));
  closeOn(['SIGTERM', 'SIGINT'], server.close);
}

async function readConfigOrExit(file: string | undefined, flags: Flags): Promise<Config> {
  try {
    return readConfig(file === undefined ? undefined : await textOf(file), flags);
  } catch (cause) {
    if (cause instanceof ConfigError) exit(cause.message);
    throw cause;
  }
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const says = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`the configuration cannot be read: ${says}`, { cause });
  });
}

function closeOn(signals: readonly NodeJS.Signals[], close: () => Promise<void>): void {
  for (const signal of signals) {
    process.once(signal, () => {
      close().then(
        () => process.exit(0),
        (cause: unknown) => exit(String(cause)),
      );
    });
  }
}

function exit(message: string): never {
  console.error(`sealift-server: ${message}`);
  process.exit(1);
}
