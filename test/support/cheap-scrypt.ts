// Before the tests of authors' commands: a passphrase is stretched at a thousandth of its cost, after a
// look that the real one was asked for. test/operator/author/key-file.test.ts and real-server.test.ts
// pay the real one.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { SCRYPT } from '../../operator/author/key-file.ts';

const real = crypto.scrypt;
const CHEAP_N = 128;

const cheap = (
  ...[secret, salt, length, options, done]: Parameters<typeof crypto.scrypt>
): void => {
  const { N, r, p } = options;
  if (N !== SCRYPT.N || r !== SCRYPT.r || p !== SCRYPT.p) {
    throw new Error(`a passphrase is stretched by N=${String(N)}, r=${String(r)}, p=${String(p)}`);
  }
  real(secret, salt, length, { ...options, N: CHEAP_N }, done);
};

if (real.name !== cheap.name) {
  Object.assign(crypto, { scrypt: cheap });
  syncBuiltinESMExports();
}
