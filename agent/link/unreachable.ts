/**
 * The network, not what it carried: the server is away, slow, or answers that it cannot answer now.
 * Retried with backoff; never held against a release.
 */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
