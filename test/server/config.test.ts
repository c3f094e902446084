import { expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../server/config.ts';

test('a data folder is enough', () => {
  expect(readConfig(undefined, { data: '/var/lib/sealift' })).toEqual({
    dataDir: '/var/lib/sealift',
    host: '127.0.0.1',
    http: { port: 8_080 },
    mqtt: { port: 1_883 },
    publicBlobs: false,
    maxBlobBytes: 16 * 1_024 ** 3,
    logLevel: 'info',
  });
});

test('flags win over the file, and leave the rest of it as it is', () => {
  const tls = { cert: 'c.pem', key: 'k.pem' };
  const file = JSON.stringify({ dataDir: '/a', http: { port: 1, tls }, logLevel: 'warn' });

  const config = readConfig(file, { data: '/b', httpPort: '0', mqttPort: '2', host: '::1' });

  expect(config).toMatchObject({
    dataDir: '/b',
    host: '::1',
    http: { port: 0, tls },
    mqtt: { port: 2 },
    logLevel: 'warn',
  });
});

test.each([
  ['', 'the configuration is not JSON'],
  ['[]', 'the configuration must be one JSON object'],
  ['{}', 'say where to keep data: "dataDir" in the file, or --data DIR'],
  ['{"dataDir":"d","dataDIR":"e"}', 'the configuration has no key "dataDIR"'],
  ['{"dataDir":"d","http":{"prot":1}}', 'http has no key "prot"'],
  ['{"dataDir":"d","http":{"port":65536}}', 'http.port: '],
  ['{"dataDir":"d","http":{"port":"80"}}', 'http.port: '],
  ['{"dataDir":"d","http":{"tls":{"cert":"c"}}}', 'http.tls.key: '],
  ['{"dataDir":"d","publicUrl":"ftp://x"}', 'publicUrl: '],
  ['{"dataDir":"d","logLevel":"loud"}', 'logLevel: '],
  ['{"dataDir":"d","securityContact":"me"}', 'securityContact: '],
  ['{"dataDir":"d","blobAccelPrefix":"no-slash"}', 'blobAccelPrefix: '],
])('%j is refused: %s', (text, says) => {
  expect(() => readConfig(text, {})).toThrow(ConfigError);
  expect(() => readConfig(text, {})).toThrow(says);
});

test.each(['-1', '1.5', '65536', 'x', ''])('the port %j of a flag is refused', (httpPort) => {
  expect(() => readConfig(undefined, { data: 'd', httpPort })).toThrow('http.port: ');
});
