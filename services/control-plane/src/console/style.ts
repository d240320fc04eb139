import { createHash } from 'node:crypto';

/** The page's whole style. Its hash stands in the policy below, so that no other style can be slipped into the page. */
export const STYLE = `
:root {
  --paper: #fbfaf7; --card: #fff; --ink: #1c2329; --quiet: #646d74; --line: #e6e3dc; --track: #ebe8e1;
  --spent: #2f6f6b; --held: #9cc4bf; --near: #a86a12; --full: #a63a2b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --card: #1a1f23; --ink: #e6e4df; --quiet: #97a0a6; --line: #2a3136; --track: #272e33;
    --spent: #6fb5ae; --held: #3f6663; --near: #d9a24e; --full: #e0806f;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
header { margin-bottom: 2rem; }
h1 { font-size: 1.9rem; font-weight: 600; letter-spacing: -.015em; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 3rem 0 1rem; }
.brand { color: var(--spent); font-size: .8rem; font-weight: 600; letter-spacing: .09em; text-transform: uppercase; }
.quiet, .small, dt { color: var(--quiet); }
.small, dt { font-size: .85rem; }
strong { font-weight: 600; }
code { font: .9em ui-monospace, "SF Mono", Menlo, monospace; }
.summary { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1px; background: var(--line);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.summary > div { background: var(--card); padding: 1.1rem 1.25rem; }
.summary dd:first-of-type { font-size: 1.4rem; font-weight: 600; letter-spacing: -.01em; line-height: 1.35; margin: .15rem 0; }
.budgets { list-style: none; padding: 0; border-top: 1px solid var(--line); }
.budgets li { display: grid; grid-template-columns: 1fr auto; gap: .3rem 1rem; padding: .95rem 0; border-bottom: 1px solid var(--line); }
li.feature { margin-left: 1.5rem; }
.who { overflow-wrap: anywhere; }
.figures { text-align: right; }
.bar { grid-column: 1 / -1; width: 100%; height: 8px; border-radius: 4px; overflow: hidden; display: block; }
.share { width: 100%; height: 6px; border-radius: 3px; overflow: hidden; display: block; }
.track { fill: var(--track); }
.spent { fill: var(--spent); }
.held { fill: var(--held); }
.near .spent { fill: var(--near); }
.full .spent { fill: var(--full); }
em { font-style: normal; font-weight: 600; }
.near em { color: var(--near); }
.full em, .differs { color: var(--full); }
table { width: 100%; border-collapse: collapse; }
th { color: var(--quiet); font-size: .85rem; font-weight: 400; text-align: left; }
th, td { padding: .5rem 1rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: break-word; }
tfoot td { border-bottom: 0; font-weight: 600; }
th.number, td.number { text-align: right; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
.chart { width: 22%; vertical-align: middle; }
.sum td:first-child::first-letter { text-transform: uppercase; }
.verdict { font-weight: 600; margin-bottom: .5rem; }
.verdict .quiet { font-weight: 400; }
.unknown { color: var(--near); }
@media (max-width: 36rem) {
  body { padding: 1.5rem 1rem 3rem; }
  table:not(.sum) :is(th, td):nth-last-child(-n + 2) { display: none; }
  th, td { padding-right: .6rem; }
  .budgets .small.figures { text-align: left; }
  .budgets .small { grid-column: 1 / -1; }
}
@media print { body { background: none; } .summary { break-inside: avoid; } }
`;

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** Nothing may be loaded, run, framed or sent anywhere; the one style is known by its hash. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
