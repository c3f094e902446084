import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { apiOf } from '../operate/api.ts';
import { saveConfig, serverAddress, storedServer } from '../workspace/config.ts';
import { common, connectionTo, sessionOf, type CommonOptions, type Run } from './session.ts';

interface LoginOptions extends CommonOptions {
  readonly server: string;
  readonly token?: string;
  readonly allowPlaintext?: boolean;
}

/** `sealift login` */
export function loginCommand({ world }: Run): Command {
  const command = new Command('login')
    .description('store the address of a server and an operator token in the workspace')
    .requiredOption('--server <url>', 'address of the server')
    .option('--token <token>', 'operator token (default: $SEALIFT_TOKEN, which ps does not show)')
    .option('--allow-plaintext', 'send the token without TLS to another machine')
    .action(async (options: LoginOptions) => {
      const session = sessionOf(world, options);
      const server = serverAddress(options.server, options.allowPlaintext === true);
      const token = tokenOf(options.token, world.env['SEALIFT_TOKEN']);
      requireSameServer(await storedServer(session.workspace), server);
      const { initialised } = await apiOf(connectionTo(world, server, token)).trust();
      await saveConfig(session.workspace, { server, token });
      const state = initialised ? 'It has its keys.' : 'It has no keys yet: sealift keys init.';
      session.show({ server, initialised }, `Logged in to ${server}. ${state}`);
    });
  return common(command, [
    'sealift login --server https://updates.example.com --token slo_...',
    'NODE_EXTRA_CA_CERTS=ca.pem sealift login ...     (a certificate of your own authority)',
  ]);
}

/** The token from the command line, else from the environment. */
export function tokenOf(given: string | undefined, fromEnv: string | undefined): string {
  const token = given ?? fromEnv;
  if (token === undefined) throw new Failure('no_token', 'no operator token was given');
  return token;
}

/** Keys and verified metadata are of one server: another address may be a mistake or a trap. */
function requireSameServer(stored: string | undefined, server: string): void {
  if (stored !== undefined && new URL(stored).host !== new URL(server).host) {
    throw new Failure('server_changed', `this workspace is of ${stored}, not of ${server}`);
  }
}
