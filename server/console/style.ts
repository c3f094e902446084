/** The one stylesheet of the page: system fonts, both colour schemes, contrast of at least 4.5 to 1. */
export const STYLE = `
:root { --ground: #fbfaf8; --card: #fff; --ink: #1d2326; --quiet: #586169; --line: #dedad3;
  --good: #1a6b45; --bad: #a8281c; --busy: #1d5c8f; --track: #ebe7e0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181a; --card: #1c2225; --ink: #e9e6e1; --quiet: #a3adb3; --line: #333b3f;
    --good: #6bd09d; --bad: #ff9384; --busy: #86bfee; --track: #2a3236; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 3rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between;
  gap: 0 1rem; border-bottom: 2px solid var(--ink); }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 2.25rem 0 .75rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: 1rem; }
header p, footer, .note { color: var(--quiet); font-size: .875rem; }
article { padding: 1rem; margin-bottom: 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; }
article p { margin: .25rem 0 0; }
ol { list-style: none; margin: .75rem 0; padding: 0; display: grid; gap: .9rem; }
.phase { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.bar { display: flex; height: .7rem; margin-top: .25rem; overflow: hidden; border-radius: .35rem;
  background: var(--track); }
.bar .proven { background: var(--good); } .bar .failed { background: var(--bad); }
.bar .offered { background: var(--busy); opacity: .45; }
.reason, .why { color: var(--bad); }
.state { padding: 0 .45rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: .8125rem; font-weight: 600; white-space: nowrap; color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .55rem .75rem; text-align: left; vertical-align: top; }
thead th { color: var(--quiet); font-size: .8125rem; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; min-width: 9rem; overflow-wrap: anywhere; }
td > .note, th > .note, .why { display: block; font-weight: 400; overflow-wrap: anywhere; }
td time { white-space: nowrap; }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); }
`;
