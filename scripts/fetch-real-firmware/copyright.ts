import type { Licence } from '../../firmware-fixtures/cyclonedx.ts';

/** Debian's short names (copyright format 1.0, 7.1), lower case, and the SPDX ids they mean. */
const SPDX: Readonly<Record<string, string>> = {
  'apache-2': 'Apache-2.0',
  'apache-2.0': 'Apache-2.0',
  'artistic-2.0': 'Artistic-2.0',
  beerware: 'Beerware',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'bsd-4-clause': 'BSD-4-Clause',
  'bsd-4-clause-uc': 'BSD-4-Clause-UC',
  'bsl-1.0': 'BSL-1.0',
  cc0: 'CC0-1.0',
  'cc0-1.0': 'CC0-1.0',
  curl: 'curl',
  expat: 'MIT',
  fsfap: 'FSFAP',
  fsful: 'FSFUL',
  fsfullr: 'FSFULLR',
  'gfdl-1.3+': 'GFDL-1.3-or-later',
  'gpl-1+': 'GPL-1.0-or-later',
  'gpl-2': 'GPL-2.0-only',
  'gpl-2+': 'GPL-2.0-or-later',
  'gpl-2.0': 'GPL-2.0-only',
  'gpl-2.0+': 'GPL-2.0-or-later',
  'gpl-3': 'GPL-3.0-only',
  'gpl-3+': 'GPL-3.0-or-later',
  isc: 'ISC',
  latex2e: 'Latex2e',
  'lgpl-2': 'LGPL-2.0-only',
  'lgpl-2+': 'LGPL-2.0-or-later',
  'lgpl-2.1': 'LGPL-2.1-only',
  'lgpl-2.1+': 'LGPL-2.1-or-later',
  'lgpl-3': 'LGPL-3.0-only',
  'lgpl-3+': 'LGPL-3.0-or-later',
  mit: 'MIT',
  'mpl-1.1': 'MPL-1.1',
  'mpl-2.0': 'MPL-2.0',
  'oldap-2.8': 'OLDAP-2.8',
  openssl: 'OpenSSL',
  'python-2.0': 'Python-2.0',
  x11: 'X11',
  zlib: 'Zlib',
};

const MACHINE_READABLE =
  /^Format: *https?:\/\/www\.debian\.org\/doc\/packaging-manuals\/copyright-format\/1\.0/m;

/**
 * The licences that a copyright file names, if a machine can read it.
 *
 * Only paragraphs about files count; a paragraph with the text of a licence grants nothing. A name or
 * an expression that has no single SPDX id stays as Debian wrote it.
 */
export function licencesIn(copyright: string): readonly Licence[] {
  if (!MACHINE_READABLE.test(copyright)) return [];
  const names = copyright
    .split(/\n\s*\n/)
    .filter((paragraph) => /^Files:/m.test(paragraph))
    .map((paragraph) => /^License: *(\S.*)$/m.exec(paragraph)?.[1]?.trim())
    .filter((name) => name !== undefined);
  const ids = [...new Set(names.map((name) => SPDX[name.toLowerCase()] ?? name))].sort();
  const known = new Set(Object.values(SPDX));
  return ids.map((id) => (known.has(id) ? { id } : { name: id }));
}
