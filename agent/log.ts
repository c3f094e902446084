/** One event in the past tense, with what it is about. Never keys, tokens or signed addresses. */
export type Log = (event: string, fields?: Readonly<Record<string, LogValue>>) => void;

type LogValue = string | number | boolean | null | undefined;

/** Writes one JSON line an event. */
export function jsonLog(write: (line: string) => void, now: () => Date, device: string): Log {
  return (event, fields = {}) => {
    write(`${JSON.stringify({ at: now().toISOString(), event, device, ...fields })}\n`);
  };
}
