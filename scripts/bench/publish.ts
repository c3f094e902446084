import * as z from 'zod';
import type { BigArchive } from './big-archive.ts';
import { BENCH, type Setting } from './setting.ts';

const Shown = z.object({
  manifest: z.object({ artifacts: z.array(z.object({ sha256: z.string() })) }),
});

/** Publishes an archive as a version of the bench product; answers the artifact's sha256. */
export async function publishArchive(
  { author }: Setting,
  { artifact, sbom }: BigArchive,
  version: string,
): Promise<string> {
  await author.ask(
    z.object({ version: z.string() }),
    ...['release', 'publish', '--product', BENCH.product, '--version', version],
    ...[
      '--artifact',
      artifact,
      '--sbom',
      sbom,
      '--hardware',
      BENCH.hardwareId,
      '--epoch',
      '1',
      '--class',
      'functional',
    ],
  );
  const { manifest } = await author.ask(Shown, 'release', 'show', BENCH.product, version);
  const [first] = manifest.artifacts;
  if (first === undefined) throw new Error('bug: a release without an artifact');
  return first.sha256;
}
