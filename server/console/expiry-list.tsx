import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FileExpiry } from '../repository/expiry-store.ts';
import { Instant, State } from './words.tsx';

/** What people must sign again soon; nothing while there is time. */
export function ExpiryList({
  files,
}: {
  readonly files: readonly FileExpiry[];
}): JSX.Element | null {
  const urgent = files.filter(({ level }) => level !== 'ok');
  if (urgent.length === 0) return null;
  return (
    <section aria-labelledby="expiry">
      <h2 id="expiry">To be signed again</h2>
      <p class="note">
        Devices refuse every release once one of these has expired. Its holders renew it with the
        command line: sealift keys renew.
      </p>
      <ul>
        {urgent.map(({ repository, role, version, expires, daysLeft, level }) => (
          <li>
            {repository} {role} v{version} <State state={level} />{' '}
            {level === 'expired' ? 'expired' : `${daysLeft} days left, expires`}{' '}
            <Instant at={expires} />
          </li>
        ))}
      </ul>
    </section>
  );
}
