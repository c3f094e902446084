import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Newest, ShownRelease } from './status.ts';
import { Instant, OnlyNewest, State } from './words.tsx';

interface ReleaseTableProps {
  readonly releases: Newest<ShownRelease>;
  readonly shown: number;
}

/** Releases, newest first. */
export function ReleaseTable({ releases, shown }: ReleaseTableProps): JSX.Element {
  return (
    <section aria-labelledby="releases">
      <h2 id="releases">Releases</h2>
      <OnlyNewest more={releases.more} shown={shown} of="releases" />
      {releases.rows.length === 0 ? (
        <p class="note">No release yet.</p>
      ) : (
        <div class="wide" role="region" aria-labelledby="releases" tabindex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Release</th>
                <th scope="col">State</th>
                <th scope="col">Class</th>
                <th scope="col">Runs on</th>
                <th scope="col">Epoch</th>
                <th scope="col">Manifest</th>
                <th scope="col">Published</th>
              </tr>
            </thead>
            <tbody>
              {releases.rows.map((release) => (
                <ReleaseRow release={release} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ReleaseRow({ release }: { readonly release: ShownRelease }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        {release.product} {release.version}
      </th>
      <td>
        <State state={release.state} />
        <Recall release={release} />
      </td>
      <td>{release.class}</td>
      <td>{release.runningOn}</td>
      <td>{release.securityEpoch}</td>
      <td>
        <code title={release.manifestSha256}>{release.manifestSha256.slice(0, 12)}</code>
      </td>
      <td>
        <Instant at={release.publishedAt} />
      </td>
    </tr>
  );
}

/** Why a release was recalled, and whether anybody runs it all the same. */
function Recall({ release }: { readonly release: ShownRelease }): JSX.Element | null {
  const { recallReason, runningOn } = release;
  if (recallReason === null) return null;
  return (
    <span class="why">
      {recallReason}
      {runningOn === 0 ? null : `; ${runningOn} still run it`}
    </span>
  );
}
