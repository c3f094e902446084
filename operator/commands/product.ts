import { Command } from 'commander';
import { addProduct, type AddOptions } from './product-add.ts';
import { parseName, parseNames, wholeNumber } from './arguments.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import { table } from './table.ts';

/** `sealift product …` */
export function productCommands(run: Run): Command {
  return new Command('product')
    .description('products: each has its own keys, and only they can sign its releases')
    .addCommand(addCommand(run))
    .addCommand(listCommand(run));
}

function addCommand({ world }: Run): Command {
  const command = new Command('add')
    .description('make the key of a product and delegate its releases to it')
    .argument('<name>', 'name of the product, for example gateway', parseName)
    .requiredOption('--hardware <id...>', 'boards that it runs on', parseNames)
    .option('--keys <n>', 'how many keys the product gets', wholeNumber(1, 16), 1)
    .option('--threshold <n>', 'how many of them must sign a release', wholeNumber(1, 16), 1)
    .option('--yes', 'do not ask before a dangerous change, where others must sign too')
    .action(async (name: string, options: AddOptions) =>
      addProduct(sessionOf(world, options), name, options),
    );
  return common(command, [
    'sealift product add gateway --hardware rpi3 rpi4',
    'sealift product add lock --hardware nrf52 --keys 3 --threshold 2',
  ]);
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list the products of the server')
    .action(async (options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const { products } = await api.products();
      const rows = products.map(({ product, hardwareIds, role }) => [
        product,
        hardwareIds.join(', '),
        role.version,
        role.expires,
      ]);
      session.show(
        { products },
        table(['product', 'hardware', 'role version', 'role expires'], rows),
      );
    });
  return common(command, ['sealift product list']);
}
