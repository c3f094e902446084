import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Phase, Rollout } from '../rollouts/rollout-store.ts';
import type { Newest } from './status.ts';
import { Instant, OnlyNewest, State } from './words.tsx';

interface RolloutListProps {
  readonly rollouts: Newest<Rollout>;
  readonly shown: number;
}

/** Rollouts with the progress of each phase, and why one has halted. */
export function RolloutList({ rollouts, shown }: RolloutListProps): JSX.Element {
  return (
    <section aria-labelledby="rollouts">
      <h2 id="rollouts">Rollouts</h2>
      <OnlyNewest more={rollouts.more} shown={shown} of="rollouts" />
      {rollouts.rows.length === 0 ? <p class="note">No rollout yet.</p> : null}
      {rollouts.rows.map((rollout) => (
        <RolloutCard rollout={rollout} />
      ))}
    </section>
  );
}

function RolloutCard({ rollout }: { readonly rollout: Rollout }): JSX.Element {
  const { id, product, version, state, reason, changedAt, phases } = rollout;
  return (
    <article>
      <h3>
        {product} {version} <State state={state} />
      </h3>
      {reason === null ? null : <p class="reason">{reason}</p>}
      <ol>
        {phases.map((phase, index) => (
          <PhaseRow phase={phase} index={index} open={index <= rollout.phase} />
        ))}
      </ol>
      <p class="note">
        <code>{id}</code>, last changed <Instant at={changedAt} />
      </p>
    </article>
  );
}

interface PhaseRowProps {
  readonly phase: Phase;
  readonly index: number;
  readonly open: boolean;
}

function PhaseRow({ phase, index, open }: PhaseRowProps): JSX.Element {
  const { percent, members, offered, proven, failed, successPercent, failurePercent } = phase;
  const label = `Phase ${index + 1}, to ${percent} % of the fleet`;
  const underWay = offered - proven - failed;
  return (
    <li>
      <div class="phase">
        <span>{label}</span>
        <span class="note">
          {open ? null : 'not open yet, '}
          {proven} of {members} proven, {failed} failed, {underWay} under way
        </span>
      </div>
      <Bar phase={phase} label={label} />
      <p class="note">
        goes on at {successPercent} % proven, halts at {failurePercent} % failed
      </p>
    </li>
  );
}

/** The share of the phase in each colour; the words above say the same. */
function Bar({ phase, label }: { readonly phase: Phase; readonly label: string }): JSX.Element {
  const { members, offered, proven, failed } = phase;
  const share = (count: number): string => `${members === 0 ? 0 : (count * 100) / members}%`;
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={`${label}: proven`}
      aria-valuemin={0}
      aria-valuemax={members}
      aria-valuenow={proven}
    >
      <span class="proven" style={`width:${share(proven)}`} />
      <span class="failed" style={`width:${share(failed)}`} />
      <span class="offered" style={`width:${share(offered - proven - failed)}`} />
    </div>
  );
}
