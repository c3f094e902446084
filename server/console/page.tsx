import type { Child } from 'hono/jsx';
import { raw } from 'hono/html';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { STYLE } from './style.ts';
import { Instant } from './words.tsx';
import type { Status } from './status.ts';

interface PageProps {
  readonly at: Date;
  readonly auditHead: Status['auditHead'];
  readonly children: Child;
}

const REFRESH_SECONDS = 5;

/** The frame around everything: readable without colours, without a script, at any width. */
export function Page({ at, auditHead, children }: PageProps): JSX.Element {
  return (
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta http-equiv="refresh" content={String(REFRESH_SECONDS)} />
          <title>Sealift fleet</title>
          <style>{raw(STYLE)}</style>
        </head>
        <body>
          <header>
            <h1>Sealift</h1>
            <p>
              As of <Instant at={at.toISOString()} />, renewed every {REFRESH_SECONDS} seconds
            </p>
          </header>
          <main>{children}</main>
          <footer>
            {auditHead === undefined ? (
              <p>The audit trail is empty.</p>
            ) : (
              <p>
                Audit trail: {auditHead.sequence} entries, head <code>{auditHead.hash}</code>
              </p>
            )}
          </footer>
        </body>
      </html>
    </>
  );
}
