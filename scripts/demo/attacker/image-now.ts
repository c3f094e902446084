import * as z from 'zod';

const file = z.looseObject({ version: z.number() });
const signed = z.looseObject({ version: z.number(), expires: z.string() });

const Timestamp = z.object({
  signed: signed.extend({ meta: z.object({ 'snapshot.json': file }) }),
});
const Snapshot = z.object({ signed: signed.extend({ meta: z.record(z.string(), file) }) });
const Role = z.object({
  signed: signed.extend({ targets: z.record(z.string(), z.looseObject({})) }),
});

/** The image repository as everybody can read it. */
export interface ImageNow {
  readonly timestamp: z.infer<typeof Timestamp>['signed'];
  readonly snapshot: z.infer<typeof Snapshot>['signed'];
  readonly role: z.infer<typeof Role>['signed'];
}

/** Reads the newest files that concern a product. */
export async function readImageNow(http: string, product: string): Promise<ImageNow> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const answer = await fetch(`${http}/image/${name}`);
    return schema.parse(await answer.json());
  };
  const { signed: timestamp } = await read('timestamp.json', Timestamp);
  const named = timestamp.meta['snapshot.json'].version;
  const { signed: snapshot } = await read(`${named}.snapshot.json`, Snapshot);
  const version = snapshot.meta[`${product}.json`]?.version;
  if (version === undefined) throw new Error(`the snapshot does not list ${product}`);
  const { signed: role } = await read(`${version}.${product}.json`, Role);
  return { timestamp, snapshot, role };
}
