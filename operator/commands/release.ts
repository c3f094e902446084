import { Command, Option } from 'commander';
import { ReleaseClass } from '../../shared/release/manifest.ts';
import {
  collect,
  parseArtifact,
  parseDay,
  parseInstaller,
  parseName,
  parseNames,
  wholeNumber,
} from './arguments.ts';
import { withConditions } from './condition-arguments.ts';
import { withModuleOptions } from './module-options.ts';
import { exportCommand } from './release-export.ts';
import { publishRelease, type PublishOptions } from './release-publish.ts';
import { withRestore } from './restore-option.ts';
import { recallCommand, reissueCommand } from './release-recall.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import { harmless, table } from './table.ts';

/** `sealift release …` */
export function releaseCommands(run: Run): Command {
  return new Command('release')
    .description('releases: signed on this machine, immutable once published')
    .addCommand(publishCommand(run))
    .addCommand(reissueCommand(run))
    .addCommand(recallCommand(run))
    .addCommand(exportCommand(run))
    .addCommand(listCommand(run))
    .addCommand(showCommand(run));
}

function publishCommand({ world }: Run): Command {
  const described = new Command('publish')
    .description('sign a release with the key of its product and publish it')
    .requiredOption('--product <name>', 'product that it is for', parseName)
    .requiredOption('--version <name>', 'version, shown to people', parseName)
    .requiredOption(
      '--artifact <spec>',
      'FILE, or COMPONENT=FILE[:INSTALLER]; several are installed in this order, all or none',
      parseArtifact,
    )
    .requiredOption(
      '--epoch <n>',
      'security epoch: devices never go below',
      wholeNumber(0, 2 ** 31),
    )
    .addOption(
      new Option('--class <class>', 'what kind of update it is')
        .choices(ReleaseClass.options)
        .makeOptionMandatory(),
    )
    .requiredOption('--sbom <file>', 'CycloneDX or SPDX document in JSON')
    .option('--attestation <file...>', 'in-toto statements in DSSE', collect)
    .option('--hardware <id...>', 'boards that it fits (default: those of the product)', parseNames)
    .option('--notes <text>', 'what changed, or @FILE')
    .option('--advisory <id...>', 'vulnerabilities that it fixes', collect)
    .option('--support-until <day>', 'last day of support, YYYY-MM-DD', parseDay)
    .option(
      '--component <name>',
      'part of the device that a FILE without one replaces',
      parseName,
      'firmware',
    )
    .option(
      '--installer <kind>',
      'how an artifact without its own is installed: archive, image or module:TYPE',
      parseInstaller,
      'archive',
    );
  const command = withRestore(withModuleOptions(withConditions(described)))
    .option('--yes', 'do not ask before a dangerous change, where others must sign too')
    .option('--dry-run', 'write the signed files to the workspace, upload nothing')
    .action(async (options: PublishOptions) => publishRelease(sessionOf(world, options), options));
  return common(command, PUBLISH_EXAMPLES);
}

const PUBLISH_EXAMPLES = [
  `sealift release publish --product gateway --version 1.2.0 --artifact artifact.tar \\
      --epoch 2 --class security --sbom sbom.cdx.json --attestation provenance.dsse.json`,
  `sealift release publish --product gateway --version 1.3.0 --artifact kernel=boot.img.xz:image \\
      --artifact app=app.tar.gz --epoch 2 --class functional --sbom sbom.cdx.json`,
  'sealift release publish … --artifact rootfs=rootfs.tar.gz --restore rootfs=owners,xattrs',
  'sealift release publish … --artifact mcu=mcu.bin:module:serial-mcu --module-meta mcu=mcu.json',
];

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list published releases')
    .option('--product <name>', 'of this product only', parseName)
    .action(async (options: CommonOptions & { readonly product?: string }) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const { releases } = await api.releases(options.product);
      const rows = releases.map((release) => [
        release.product,
        release.version,
        release.class,
        release.securityEpoch,
        release.releaseCounter ?? '',
        release.hardwareIds.join(', '),
        release.recall ? `recalled: ${release.recall.reason}` : release.state,
        release.publishedAt,
        release.manifestSha256.slice(0, 16),
      ]);
      const headings = [
        ...['product', 'version', 'class', 'epoch', 'number', 'hardware', 'state', 'published'],
        'manifest',
      ];
      session.show({ releases }, rows.length === 0 ? 'No releases.' : table(headings, rows));
    });
  return common(command, ['sealift release list --product gateway']);
}

function showCommand({ world }: Run): Command {
  const command = new Command('show')
    .description('show a release and its manifest')
    .argument('<product>', 'its product', parseName)
    .argument('<version>', 'its version', parseName)
    .action(async (product: string, version: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const release = await api.release(product, version);
      const lines = JSON.stringify(release, null, 2).split('\n');
      session.show(release, lines.map(harmless).join('\n'));
    });
  return common(command, ['sealift release show gateway 1.2.0']);
}
