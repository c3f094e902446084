import * as z from 'zod';

/** The part of esbuild's metafile that says where the bytes of the bundle come from. */
export const MetafileSchema = z.object({
  outputs: z.record(
    z.string(),
    z.object({
      bytes: z.number(),
      inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })),
    }),
  ),
});
export type Sizes = {
  readonly total: number;
  /** Agent and shared together. */
  readonly own: number;
  /** Bytes by package or top-level folder, largest first. */
  readonly owners: ReadonlyMap<string, number>;
};

/**
 * Minified, in bytes: what fits a small board's flash and start-up time. The whole was to stay under
 * 600 kB; it must not grow unseen, so the border stands where it is now.
 *
 * Our own part was to have 80 kB when the agent was one installer and one boot control; with six boot
 * loaders, three installers that restore rights, conditions, drift, offline bundles, spoiled disks and
 * `doctor` it has this much.
 */
export const BUDGET = { total: 430_000, own: 215_000 } as const;

/** Who brought how many bytes into the bundle. */
export function bytesByOwner(metafile: z.infer<typeof MetafileSchema>): Sizes {
  const outputs = Object.values(metafile.outputs);
  const owners = new Map<string, number>();
  for (const [path, { bytesInOutput }] of outputs.flatMap(({ inputs }) => Object.entries(inputs))) {
    const owner = ownerOf(path);
    owners.set(owner, (owners.get(owner) ?? 0) + bytesInOutput);
  }
  return {
    total: outputs.reduce((sum, { bytes }) => sum + bytes, 0),
    own: (owners.get('agent') ?? 0) + (owners.get('shared') ?? 0),
    owners: new Map([...owners].sort(([, left], [, right]) => right - left)),
  };
}

/** A sentence for each budget that is overdrawn. */
export function sizeProblems({ total, own }: Sizes): readonly string[] {
  return [
    ...(total < BUDGET.total
      ? []
      : [`the agent has ${total} bytes and must stay under ${BUDGET.total}`]),
    ...(own < BUDGET.own
      ? []
      : [`agent + shared have ${own} bytes and must stay under ${BUDGET.own}`]),
  ];
}

/** `node_modules/@noble/ed25519/index.js` belongs to `@noble/ed25519`, `agent/main.ts` to `agent`. */
function ownerOf(path: string): string {
  const [, inPackage] = path.split(/.*node_modules\//);
  if (inPackage === undefined) return path.split('/')[0] ?? path;
  const [scope = '', name = ''] = inPackage.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}
