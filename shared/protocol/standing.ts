import * as z from 'zod/mini';
import { Version } from '../metadata/fields.ts';

/** Whether a device goes by its clock: `trusted`, or why it does not. */
export const ClockStanding = z.enum([
  'trusted',
  'configured',
  'before_build',
  'before_floor',
  'far_ahead',
]);
export type ClockStanding = z.infer<typeof ClockStanding>;

/** Uptane 5.4.2.1.2: the latest time that a device has verified, and what it thinks of its clock. */
export const ReportedTime = z.strictObject({
  /** The server's, from metadata that held; null before the first. */
  verified: z.nullable(z.iso.datetime()),
  clock: ClockStanding,
});
export type ReportedTime = Readonly<z.infer<typeof ReportedTime>>;

/** Of a root that was never followed by another, a device says nothing: it came with it. */
const version = z.nullable(Version);
const repository = z.strictObject({
  root: version,
  timestamp: version,
  snapshot: version,
  targets: version,
});

/** The newest versions that a device has verified, of both repositories. */
export const ReportedVersions = z.strictObject({ image: repository, director: repository });
export type ReportedVersions = Readonly<z.infer<typeof ReportedVersions>>;
