import { z } from 'zod';

const port = z.int().min(0).max(65_535);
const tls = z.strictObject({ cert: z.string().min(1), key: z.string().min(1) });

/** The configuration file. Strict: a key that nobody reads is a mistake somebody will regret. */
const ConfigSchema = z.strictObject({
  /** Where everything is kept: keys, database, blobs. */
  dataDir: z.string().min(1),
  host: z.string().min(1).default('127.0.0.1'),
  http: z.strictObject({ port: port.default(8_080), tls: tls.optional() }).prefault({}),
  mqtt: z.strictObject({ port: port.default(1_883), tls: tls.optional() }).prefault({}),
  /** How devices and people reach the server, where a proxy stands before it. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Lets anybody fetch blobs who knows their digest, so that a CDN may stand before them. */
  publicBlobs: z.boolean().default(false),
  /** Prefix under which nginx serves the blob folder itself, by X-Accel-Redirect. */
  blobAccelPrefix: z
    .string()
    .regex(/^\/[\w./-]*[\w-]$/)
    .optional(),
  /** The largest blob that an author may upload. */
  maxBlobBytes: z
    .int()
    .min(1)
    .default(16 * 1_024 ** 3),
  /** Where to report a vulnerability, for security.txt. */
  securityContact: z
    .string()
    .regex(/^(mailto:|https:\/\/)\S+$/)
    .optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** How a server runs. */
export type Config = Readonly<z.infer<typeof ConfigSchema>>;

/** What the command line may say instead of the file. */
export interface Flags {
  readonly data?: string | undefined;
  readonly host?: string | undefined;
  readonly httpPort?: string | undefined;
  readonly mqttPort?: string | undefined;
}

/** The configuration is not one: `message` names the key and what is wrong, for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The configuration from the text of a file, if there is one, and the flags, which win. */
export function readConfig(text: string | undefined, flags: Flags): Config {
  const file = text === undefined ? {} : parseObject(text);
  const parsed = ConfigSchema.safeParse(merge(file, flags));
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map(sentenceOf).join('\n'));
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  const object = z.record(z.string(), z.unknown()).safeParse(value);
  if (object.success) return object.data;
  throw new ConfigError('the configuration must be one JSON object');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : '';
    throw new ConfigError(`the configuration is not JSON: ${why}`, { cause });
  }
}

function merge(file: Readonly<Record<string, unknown>>, flags: Flags): unknown {
  return {
    ...file,
    ...(flags.data !== undefined && { dataDir: flags.data }),
    ...(flags.host !== undefined && { host: flags.host }),
    ...(flags.httpPort !== undefined && { http: withPort(file['http'], flags.httpPort) }),
    ...(flags.mqttPort !== undefined && { mqtt: withPort(file['mqtt'], flags.mqttPort) }),
  };
}

function withPort(section: unknown, flag: string): unknown {
  const number = /^\d+$/.test(flag) ? Number(flag) : flag;
  return typeof section === 'object' ? { ...section, port: number } : { port: number };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const where = at === '' ? 'the configuration' : at;
    return `${where} has no key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  }
  if (at === 'dataDir') return 'say where to keep data: "dataDir" in the file, or --data DIR';
  return `${at}: ${issue.message}`;
}
