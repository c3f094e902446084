import { HELP } from '../../agent/commands/help.ts';

/** The manual page: what `--help` says, and where things lie. */
export function manualPage(version: string, builtAt: Date): string {
  return `.TH SEALIFT\\-AGENT 8 "${builtAt.toISOString().slice(0, 10)}" "sealift ${version}" "Sealift"
.SH NAME
sealift\\-agent \\- installs signed releases on this device, and proves what runs
.SH SYNOPSIS
.B sealift\\-agent
.I COMMAND
.B \\-\\-config
.I FILE
.SH DESCRIPTION
.nf
${HELP.split('\n').map(escaped).join('\n')}
.fi
.SH FILES
.TP
.I /etc/sealift/agent.json
the configuration that the units start the agent with; nothing runs without it
.TP
.I /etc/sealift/roots
the two root files that the device is provisioned with
.TP
.I /etc/sealift/hooks.d
programs of the owner, by stage
.TP
.I /var/lib/sealift
the agent's own state, its key among it
.TP
.I /var/lib/sealift\\-slots
the two slots, and the link to the one that runs
.TP
.I /usr/lib/sealift/examples
a configuration, and additions to the units for boards and update modules
`;
}

function escaped(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}
