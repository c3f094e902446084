import type { JSX } from 'hono/jsx/jsx-runtime';

/** An instant as people read it, in UTC, to the second. */
export function Instant({ at }: { readonly at: string }): JSX.Element {
  return <time datetime={at}>{`${at.slice(0, 10)} ${at.slice(11, 19)} UTC`}</time>;
}

/** A state as a word, with a colour that only repeats the word. */
export function State({ state }: { readonly state: string }): JSX.Element {
  return <span class={`state ${TONES.get(state) ?? 'quiet'}`}>{state.replaceAll('_', ' ')}</span>;
}

/** Says that there are more rows than these. */
export function OnlyNewest({ more, shown, of }: OnlyNewestProps): JSX.Element | null {
  if (!more) return null;
  return (
    <p class="note">
      Only the newest {shown} {of} are shown here; the command line and the API list all.
    </p>
  );
}

interface OnlyNewestProps {
  readonly more: boolean;
  readonly shown: number;
  readonly of: string;
}

const TONES: ReadonlyMap<string, 'good' | 'bad' | 'busy'> = new Map([
  ['completed', 'good'],
  ['proven', 'good'],
  ['accepted', 'good'],
  ['online', 'good'],
  ['running', 'busy'],
  ['offered', 'busy'],
  ['installing', 'busy'],
  ['trial', 'busy'],
  ['pending', 'busy'],
  ['paused', 'busy'],
  ['halted', 'bad'],
  ['failed', 'bad'],
  ['refused', 'bad'],
  ['rolled_back', 'bad'],
  ['rejected', 'bad'],
  ['recalled', 'bad'],
  ['notice', 'busy'],
  ['warning', 'busy'],
  ['critical', 'bad'],
  ['expired', 'bad'],
]);
