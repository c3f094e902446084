import { BundleSchema, bundleAsFetch } from '../../shared/protocol/bundle.ts';
import { acceptDirectorTargets, type DirectorWord } from '../../shared/trust/director.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { memoryStore } from '../../shared/trust/memory-store.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { FetchFile, TrustedRepository } from '../../shared/trust/repository.ts';
import type { TargetFile } from '../../shared/metadata/targets.ts';
import type { TestApp } from './test-app.ts';
import { enrolledDevice, type TestDevice } from './test-device.ts';

/** A device in the field: enrolled, provisioned with both first roots, with a disk of its own. */
export interface FieldDevice {
  readonly device: TestDevice;
  /** Follows the image repository as the server shows it, and looks a path up. */
  readonly image: (path?: string) => Promise<TrustedRepository & { readonly file?: TargetFile }>;
  /** Asks for its assignment and verifies it. */
  readonly director: () => Promise<DirectorWord>;
}

/** A device that leaves the factory now: with the oldest roots there are. */
export async function fieldDevice(app: TestApp, id: string): Promise<FieldDevice> {
  const device = await enrolledDevice(app, id);
  const imageStore = memoryStore();
  const directorStore = memoryStore();
  const firstImage = await bytesAt(app, '/image/1.root.json');
  const firstDirector = await bytesAt(app, '/director/1.root.json');
  if (firstImage === undefined || firstDirector === undefined) throw new Error('setup: no roots');
  const fetch: FetchFile = (name) => bytesAt(app, `/image/${name}`);
  return {
    device,
    image: async (path) => {
      const startedAt = app.clock.now;
      const image = {
        name: 'image',
        fetch,
        store: imageStore,
        firstRoot: firstImage,
        startedAt,
      } as const;
      const trusted = await refresh(image);
      const file = path === undefined ? undefined : await findTarget(image, trusted, path);
      return file === undefined ? trusted : { ...trusted, file };
    },
    director: async () => {
      const token = await device.tokenAt(app.clock.now);
      const answer = await app.ask('/device/v1/assignment', { token });
      const bundle = BundleSchema.parse(await answer.json());
      const { targets, root } = await refresh({
        name: 'director',
        fetch: bundleAsFetch(bundle),
        store: directorStore,
        firstRoot: firstDirector,
        startedAt: app.clock.now,
      });
      return acceptDirectorTargets(targets, root, { deviceId: id, nonce: undefined });
    },
  };
}

async function bytesAt(app: TestApp, path: string): Promise<Uint8Array | undefined> {
  const answer = await app.ask(path, { token: null });
  return answer.status === 200 ? new Uint8Array(await answer.arrayBuffer()) : undefined;
}
