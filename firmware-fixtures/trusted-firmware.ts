import { readFile } from 'node:fs/promises';
import { sha256Hex } from '../shared/crypto/digest.ts';

/** Where the real firmware in `origin/` comes from; `origin/README.md` says the same for people. */
export const TRUSTED_FIRMWARE = {
  name: 'arm-trusted-firmware',
  version: '2.8.0+dfsg-1',
  purl: 'pkg:deb/debian/arm-trusted-firmware@2.8.0%2Bdfsg-1?arch=arm64&distro=debian-12&upstream=arm-trusted-firmware',
  debSha256: '17de24c128261c9f8c8f58500d62ba47dd83f8860865c6958fbae163dc504954',
  files: {
    'rpi3/bl31.bin': 'e1d2705661e45366461cb745ee0131a2bddfa19b4339ce78948ecef93fab84f7',
    'rpi4/bl31.bin': '2033f257de495cf2d31c81704811bf1bab955e24d4d1823900a7615cadc15ccb',
    copyright: '63aac3436204b2c64b2db6a52a6fb60cb74352dd34c7c2095527e54d1138484d',
  },
} as const;

export type OriginFile = keyof typeof TRUSTED_FIRMWARE.files;

/** Reads a committed firmware file, and stops if it is not the one whose origin is recorded. */
export async function readOrigin(file: OriginFile): Promise<Buffer> {
  const bytes = await readFile(new URL(`origin/${file}`, import.meta.url));
  const sha256 = sha256Hex(bytes);
  const recorded = TRUSTED_FIRMWARE.files[file];
  if (sha256 !== recorded) {
    throw new Error(`origin/${file} has sha256 ${sha256}, but its recorded origin has ${recorded}`);
  }
  return bytes;
}
