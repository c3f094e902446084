import { Header } from 'tar';
import { ARCHIVE_TIME, directoryBlocks, headerBlocks } from '../archive.ts';
import { record, recordsHeader, type PaxAttack } from './pax-attacks.ts';

/** An attack that works only where its release has rights restored. */
export interface RightsAttack extends PaxAttack {
  readonly restore: readonly ('owners' | 'xattrs')[];
}

/** `cap_net_raw=ep`, as the kernel stores it. */
export const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** Attacks by owners and attributes. */
export function rightsAttacks(): readonly RightsAttack[] {
  return [
    ...ownerAttacks(),
    ...foreignAttributes(),
    ...spoiledAttributes(),
    ...misplacedAttributes(),
  ];
}

function ownerAttacks(): readonly RightsAttack[] {
  const owned = (name: string, attempts: string, ...blocks: readonly Buffer[]): RightsAttack => {
    return { name, attempts, blocks, restore: ['owners'] };
  };
  const pax = (text: string): Buffer => recordsHeader(Buffer.from(text));
  return [
    owned(
      'owner-empty',
      'Has an empty owner, which a lax reader takes for root.',
      pax('7 uid=\n'),
      FILE,
    ),
    owned(
      'owner-hexadecimal',
      'Has an owner that readers count differently.',
      pax('11 uid=0x0\n'),
      FILE,
    ),
    owned('owner-negative', 'Has the owner -1, to leave root there.', pax('10 uid=-1\n'), FILE),
    owned(
      'owner-unchanged',
      'Has the owner that to chown means none.',
      pax('18 uid=4294967295\n'),
      FILE,
    ),
    owned(
      'owner-too-large',
      'Has a group beyond 32 bits, to end at 0.',
      pax('18 gid=4294967296\n'),
      FILE,
    ),
    owned('owner-of-letters', 'Has letters where its owner must be.', ownedBy('zzzzzzz')),
    owned(
      'owner-in-comment',
      'Hides an owner behind a line end in a comment.',
      pax('28 comment=harmless\n8 uid=0\n'),
      FILE,
    ),
    owned(
      'owner-of-all',
      'Gives every entry after it to root, whatever they say.',
      recordsHeader(Buffer.from('8 uid=0\n'), 'global'),
      FILE,
    ),
    owned('capability-with-owners-only', 'Would lose its rights.', capability(), FILE),
  ];
}

function foreignAttributes(): readonly RightsAttack[] {
  return [
    carries(
      'attribute-of-kernel',
      'Claims a label of the kernel.',
      schily('security.selinux', 'x'),
      FILE,
    ),
    carries(
      'attribute-trusted',
      'Sets what an overlay file system obeys.',
      schily('trusted.overlay.opaque', 'y'),
      FILE,
    ),
    carries(
      'attribute-access-list',
      'Lets more people in than the mode says.',
      schily('system.posix_acl_access', 'x'),
      FILE,
    ),
    carries(
      'attribute-label',
      'Carries a label in the form of GNU tar.',
      attributes([['RHT.security.selinux', Buffer.from('x')]]),
      FILE,
    ),
    carries(
      'attribute-spoiled',
      'Has a value that is no text: readers spoil it.',
      schily('user.x', Buffer.of(0xff, 0xfe)),
      FILE,
    ),
    carries(
      'attribute-of-lines',
      'Hides a capability behind a line end.',
      schily('user.x', `a\n${text('SCHILY.xattr.security.capability', CAPABILITY)}`),
      FILE,
    ),
  ];
}

function spoiledAttributes(): readonly RightsAttack[] {
  return [
    carries(
      'attribute-odd-name',
      'Has a name with a line end in it.',
      coded('user.a%0Ab', 'YQ'),
      FILE,
    ),
    carries(
      'attribute-bad-base64',
      'Has a value that two decoders read differently.',
      coded('user.x', 'YR=Q'),
      FILE,
    ),
    carries(
      'attribute-huge',
      'Has a value longer than kernels hold.',
      coded('user.x', 'A'.repeat(100_000)),
      FILE,
    ),
    carries(
      'attribute-of-all',
      'Gives every file after it a capability.',
      capability('global'),
      FILE,
    ),
    carries(
      'attribute-twice',
      'Says two things of one attribute.',
      attributes([
        ['SCHILY.xattr.user.x', Buffer.from('a')],
        ['LIBARCHIVE.xattr.user.x', Buffer.from('Yg')],
      ]),
      FILE,
    ),
    carries(
      'attribute-twice-over',
      'Has two headers with attributes.',
      schily('user.x', 'a'),
      schily('user.y', 'a'),
      FILE,
    ),
  ];
}

function misplacedAttributes(): readonly RightsAttack[] {
  return [
    carries(
      'capability-malformed',
      'Has a capability that no kernel takes.',
      coded('security.capability', 'AQAAAg'),
      FILE,
    ),
    carries(
      'capability-of-namespace',
      'Has a capability for the root of somebody else.',
      coded(
        'security.capability',
        Buffer.concat([Buffer.of(1, 0, 0, 3), Buffer.alloc(20)]).toString('base64'),
      ),
      FILE,
    ),
    carries(
      'capability-of-folder',
      'Gives a folder what only files have.',
      capability(),
      directoryBlocks('folder'),
    ),
    carries(
      'attribute-of-link',
      'Gives a link what its target should have.',
      schily('user.x', 'a'),
      LINK,
    ),
    carries(
      'attribute-of-slot',
      'Gives the slot itself an attribute.',
      schily('user.x', 'a'),
      directoryBlocks('.'),
    ),
    carries(
      'attribute-by-hard-link',
      'Gives a file another capability through its second name.',
      capability(),
      headerBlocks({ path: 'l', type: 'Link', linkpath: 'first.txt', mode: 0o644, size: 0 }),
    ),
  ];
}

function carries(name: string, attempts: string, ...blocks: readonly Buffer[]): RightsAttack {
  return { name, attempts, blocks, restore: ['xattrs'] };
}

/** An attribute as GNU tar writes it: its bytes as they are. */
function schily(name: string, value: string | Buffer): Buffer {
  return attributes([[`SCHILY.xattr.${name}`, Buffer.from(value)]]);
}

/** An attribute as bsdtar writes it: in base64. */
function coded(name: string, value: string): Buffer {
  return attributes([[`LIBARCHIVE.xattr.${name}`, Buffer.from(value)]]);
}

const LINK = headerBlocks({
  path: 'l',
  type: 'SymbolicLink',
  linkpath: 'first.txt',
  mode: 0o777,
  size: 0,
});
const FILE = headerBlocks({ path: 'file', type: 'File', mode: 0o755, size: 0 });

/** The capability, for the entry that follows or for all. */
export function capability(reach: 'one' | 'global' = 'one'): Buffer {
  return recordsHeader(
    Buffer.from(text('SCHILY.xattr.security.capability', CAPABILITY), 'latin1'),
    reach,
  );
}

/** Records of attributes before an entry, their values as they are. */
export function attributes(named: readonly (readonly [string, Buffer])[]): Buffer {
  return recordsHeader(
    Buffer.from(named.map(([name, value]) => text(name, value)).join(''), 'latin1'),
  );
}

function text(name: string, value: Buffer): string {
  return record([name, value.toString('latin1')]);
}

/** A file whose owner is these characters, where octal digits belong. */
function ownedBy(characters: string): Buffer {
  const header = new Header({
    path: 'file',
    type: 'File',
    mode: 0o644,
    size: 0,
    mtime: ARCHIVE_TIME,
  });
  header.encode();
  const block = header.block ?? Buffer.alloc(512);
  block.write(characters, 108, 'latin1');
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
