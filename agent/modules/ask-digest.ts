import { Sha256 } from '../../shared/metadata/fields.ts';
import type { ModuleRef, ModuleRunner } from './module-runner.ts';
import { strangeAnswer } from './stage-payload.ts';

/**
 * `ProvideInstalledDigest`: what stands of a component, as its module measures it (a microcontroller
 * behind a serial line). Beyond Mender's protocol: a module that does not know it prints nothing.
 */
export async function askDigest(
  runner: ModuleRunner,
  module: ModuleRef,
): Promise<string | undefined> {
  const answer = await runner.ask(module, 'ProvideInstalledDigest');
  if (answer === '') return undefined;
  const digest = Sha256.safeParse(answer);
  if (!digest.success) throw strangeAnswer(module, 'ProvideInstalledDigest', answer);
  return digest.data;
}
