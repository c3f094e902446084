const TLS = new Set(['https:', 'mqtts:']);
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * Whether bytes to this address are private: TLS, or never on a wire. Integrity does not rest on
 * it, but tokens and firmware would be readable.
 */
export function isPrivate(address: URL): boolean {
  return TLS.has(address.protocol) || LOOPBACK.test(address.hostname);
}
