import * as z from 'zod/mini';
import { Name } from '../release/names.ts';
import { DeviceId } from './device-id.ts';

/**
 * What a device says to be let in. It travels in a DSSE envelope signed by the key it announces:
 * that is the proof of possession.
 */
export const EnrolmentSchema = z.strictObject({
  schema: z.literal('sealift.enrolment/1'),
  token: z.string().check(z.minLength(1), z.maxLength(256)),
  device: DeviceId,
  product: Name,
  hardwareId: Name,
  publicKey: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type Enrolment = Readonly<z.infer<typeof EnrolmentSchema>>;

/** The server's answer; `pending` waits for an operator. */
export const EnrolmentAnswer = z.looseObject({
  state: z.enum(['accepted', 'pending', 'rejected', 'retired']),
});
