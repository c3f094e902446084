import { ServerError } from './server-error.ts';

/**
 * Does the work again, once, when somebody else published between our look and our word. `work` must
 * begin with a fresh look: what was signed for the old state is thrown away.
 */
export async function retryOnConflict<T>(work: () => Promise<T>, onRetry: () => void): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServerError && error.code === 'version_conflict')) throw error;
    onRetry();
    return work();
  }
}
