import { z } from 'zod';
import { Expires, Version } from '../../shared/metadata/fields.ts';
import { RootSchema, type Root } from '../../shared/metadata/root.ts';
import { TargetsSchema, type Targets } from '../../shared/metadata/targets.ts';
import { openFile, readContent } from '../../shared/trust/signed-file.ts';
import type { SignedFile } from './online-files.ts';

const Common = z.looseObject({ version: Version, expires: Expires });

/**
 * A file as an author sends it. Its version and expiry are only claims until the gate has checked the
 * signatures: good for saying early that somebody else was faster, and stored after the gate.
 */
export function offeredFile(role: string, text: string): SignedFile {
  const bytes = Buffer.from(text, 'utf8');
  const { version, expires } = readContent(role, openFile(role, bytes), Common).content;
  return { role, version, bytes, expires };
}

/** What a targets file says that has passed the gate, or is about to go through it. */
export function readTargets({ role, bytes }: SignedFile): Targets {
  return readContent(role, openFile(role, bytes), TargetsSchema).content;
}

/** What a root says that has passed the gate, or is about to go through it. */
export function readRoot({ role, bytes }: SignedFile): Root {
  return readContent(role, openFile(role, bytes), RootSchema).content;
}
