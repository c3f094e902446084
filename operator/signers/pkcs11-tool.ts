import { Failure } from '../failure.ts';
import { lastWords, runChild, type ChildEnd } from './child.ts';
import { concealing } from './conceal.ts';
import type { TokenAttribute } from './pkcs11-uri.ts';
import type { SignerWorld } from './remote-key.ts';

/**
 * PKCS#11 through `pkcs11-tool` of OpenSC, as a child process. Node has no way to load a PKCS#11 module
 * but a native addon, and a module that hangs or crashes inside this process would take the passphrase
 * and the terminal with it. A child can be given up on, and holds one PIN for one call.
 */
export interface Pkcs11Tool {
  readonly run: (args: readonly string[], use?: PinAndInput) => Promise<Uint8Array>;
}

/** What signing adds to a call. */
export interface PinAndInput {
  readonly pin: string;
  readonly input: Uint8Array;
}

/** A token in a slot, in its own words. */
export interface TokenSlot {
  /** As the tool writes it, `0x…`. */
  readonly slot: string;
  readonly says: Readonly<Record<TokenAttribute, string>>;
}

/** A public key on a token. */
export interface TokenKey {
  readonly label: string;
  /** CKA_ID in hex; empty when the key has none. */
  readonly id: string;
}

const TOOL = 'pkcs11-tool';
const PIN_VARIABLE = 'PKCS11_TOOL_PIN';
const TIMEOUT_MILLISECONDS = 60_000;
const MAX_OUTPUT_BYTES = 1_024 * 1_024;

/** The tool with one PKCS#11 module. */
export function pkcs11Tool(modulePath: string, world: SignerWorld): Pkcs11Tool {
  const run: Pkcs11Tool['run'] = async (args, use) => {
    // The PIN itself is in the child's environment, which others cannot read; argv they can.
    const login = use === undefined ? [] : ['--login', '--pin', `env:${PIN_VARIABLE}`];
    const end = await runChild(
      {
        name: TOOL,
        command: TOOL,
        args: ['--module', modulePath, ...login, ...args],
        timeoutMilliseconds: TIMEOUT_MILLISECONDS,
        maxOutputBytes: MAX_OUTPUT_BYTES,
        ...(use !== undefined && { secretEnv: { [PIN_VARIABLE]: use.pin }, input: use.input }),
      },
      world,
    );
    if (end.exitCode === 0) return end.stdout;
    throw refused(end, use?.pin ?? '');
  };
  return { run };
}

/** Every slot that holds a token, from `--list-token-slots`. */
export function parseSlots(listing: string): readonly TokenSlot[] {
  return blocks(listing, /^Slot \d+ \((0x[0-9a-f]+)\)/).map(([slot, lines]) => ({
    slot,
    says: {
      token: valueOf(lines, 'token label'),
      manufacturer: valueOf(lines, 'token manufacturer'),
      model: valueOf(lines, 'token model'),
      serial: valueOf(lines, 'serial num'),
    },
  }));
}

/** Every public key, from `--list-objects --type pubkey`. */
export function parseKeys(listing: string): readonly TokenKey[] {
  return blocks(listing, /^(Public Key) Object;/).map(([, lines]) => ({
    label: valueOf(lines, 'label'),
    id: valueOf(lines, 'ID').toLowerCase(),
  }));
}

/** The lines below each heading, with what the heading says. */
function blocks(text: string, heading: RegExp): readonly (readonly [string, readonly string[]])[] {
  const found: [string, string[]][] = [];
  for (const line of text.split('\n')) {
    const [, name] = heading.exec(line) ?? [];
    if (name !== undefined) found.push([name, []]);
    else if (/^\S/.test(line))
      found.push(['', []]); // a heading of something else
    else found.at(-1)?.[1].push(line);
  }
  return found.filter(([name]) => name !== '');
}

function valueOf(lines: readonly string[], name: string): string {
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (line.slice(0, colon).trim() === name) return line.slice(colon + 1).trim();
  }
  return '';
}

function refused(end: ChildEnd, pin: string): Failure {
  const why = concealing(
    end.stderr
      .trim()
      .replaceAll(/\s*\n\s*/g, '; ')
      .slice(0, 400),
    [pin],
  );
  if (end.exitCode === 127) {
    return new Failure('signer_unavailable', `${TOOL} is not installed: it is in package opensc`);
  }
  const isPin = /CKR_PIN|CKR_USER_PIN/.test(end.stderr);
  const said = why === '' ? lastWords(end) : why;
  return new Failure(isPin ? 'pin_refused' : 'signer_refused', `${TOOL} says: ${said}`);
}
