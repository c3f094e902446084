type Event = Readonly<Record<string, unknown>>;

/** What a person at the device wants to read; everything else that is logged stays unsaid. */
const LINES: Readonly<Record<string, (event: Event) => string>> = {
  assignment_received: () => 'checking the bundle',
  assignment_settled: () => 'there is nothing to do: this release runs already',
  stage_entered: ({ stage, version }) => `${text(version)}: ${text(stage)}`,
  update_committed: ({ version }) => `${text(version)}: committed; the proof waits for the server`,
  update_refused: ({ code, detail }) => `refused: ${text(detail)} [${text(code)}]`,
  update_failed: ({ reason, detail }) => `failed: ${text(detail)} [${text(reason)}]`,
  update_rolled_back: ({ reason, detail }) => `went back: ${text(detail)} [${text(reason)}]`,
  bundle_refused: ({ code, detail }) => `refused: ${text(detail)} [${text(code)}]`,
  slot_drifted: ({ slot }) => `slot ${text(slot)} is not what was signed`,
  server_unreachable: ({ detail }) => `left for later: ${text(detail)}`,
  install_ended: ({ end }) => `install: ${text(end)}`,
};

/** Turns the agent's JSON lines into lines for people. */
export function progressLines(write: (line: string) => void): (line: string) => void {
  return (line) => {
    const event = JSON.parse(line) as Event;
    const name = text(event['event']);
    const words = Object.hasOwn(LINES, name) ? LINES[name]?.(event) : undefined;
    if (words !== undefined) write(`${words}\n`);
  };
}

/** No byte of a bundle reaches a terminal as a command to it. */
function text(value: unknown): string {
  // eslint-disable-next-line no-control-regex -- that is what is taken out
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
