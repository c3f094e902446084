import { connect as connectPlain, isIP, type Socket } from 'node:net';

const PLAIN_PORT = 1_883;
const TLS_PORT = 8_883;

/**
 * A socket to the broker. mqtt.js would bring WebSockets and SOCKS to choose from: a third of the
 * agent, for ways that a device never goes.
 */
export function brokerSocket(url: URL, ca: Buffer | undefined): Socket {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1'); // an IPv6 address stands in brackets
  if (url.protocol !== 'mqtts:') {
    return connectPlain({ host, port: Number(url.port || PLAIN_PORT) });
  }
  return process.getBuiltinModule('node:tls').connect({
    host,
    port: Number(url.port || TLS_PORT),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  });
}
