import { startServer, type Server } from '../../fleet/server.ts';
import type { Keeper } from '../../processes/keeper.ts';
import type { Told } from '../stage.ts';

/** An empty server: it makes its own online keys and prints its first operator token. */
export async function startEmptyServer(
  keeper: Keeper,
  dataFolder: string,
  interrupted: AbortSignal,
): Promise<Told<Server>> {
  const server = await startServer(keeper, dataFolder, interrupted);
  const { http, mqtt } = server;
  return { says: `it listens at ${http} and ${mqtt}`, facts: { http, mqtt }, value: server };
}
