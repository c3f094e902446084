import { expect, test } from 'vitest';
import { licencesIn } from '../../../scripts/fetch-real-firmware/copyright.ts';
import { parseControl } from '../../../scripts/fetch-real-firmware/debian-package.ts';
import { debianPurl } from '../../../scripts/fetch-real-firmware/debian-sbom.ts';

const control = `Package: libcap2
Source: libcap2 (1:2.66-4)
Version: 1:2.66-4+b1
Architecture: arm64
Maintainer: Christian Kastner <ckk@debian.org>
Pre-Depends: libc6 (>= 2.34)
Depends: mawk | awk, libc6 (>= 2.34), libgcc-s1:any
Description: POSIX 1003.1e capabilities (library)
 Source: this line is part of the description.`;

test('a control paragraph gives name, version, source and what the package needs', () => {
  expect(parseControl(control)).toEqual({
    name: 'libcap2',
    version: '1:2.66-4+b1',
    architecture: 'arm64',
    source: 'libcap2',
    maintainer: 'Christian Kastner <ckk@debian.org>',
    dependsOn: ['awk', 'libc6', 'libgcc-s1', 'mawk'],
    control,
  });
});

test('a package without a source field is its own source', () => {
  expect(parseControl(control.replace(/^Source: .*\n/m, '')).source).toBe('libcap2');
});

test('a paragraph without a version is refused', () => {
  expect(() => parseControl(control.replace(/^Version: .*\n/m, ''))).toThrow(/no field Version/);
});

test('the purl names the source, and escapes what a purl must escape', () => {
  const pkg = { ...parseControl(control), source: 'libcap2', hashes: { sha256: '', sha512: '' } };

  expect(debianPurl(pkg, 'debian-12')).toBe(
    'pkg:deb/debian/libcap2@1:2.66-4%2Bb1?arch=arm64&distro=debian-12&upstream=libcap2',
  );
});

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: example

Files: *
Copyright: 2020 Somebody
License: GPL-2+

Files: debian/*
Copyright: 2021 Somebody Else
License: Expat

Files: contrib/*
Copyright: 2022 A Third
License: Artistic or GPL-1+

License: LGPL-2.1+
 The text of a licence that no file has.
`;

test('licences of files become SPDX ids where there is one, and stay as they are where not', () => {
  expect(licencesIn(copyright)).toEqual([
    { name: 'Artistic or GPL-1+' },
    { id: 'GPL-2.0-or-later' },
    { id: 'MIT' },
  ]);
});

test('a copyright file for people only gives no licence, rather than a guess', () => {
  expect(licencesIn('This package was debianized by hand.\n\nLicense: GPL-2+\n')).toEqual([]);
});
