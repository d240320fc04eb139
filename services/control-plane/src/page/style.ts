import { createHash } from 'node:crypto';

/** The page's whole style: paper, ink, one accent. Dark is the same page at night. */
export const STYLE = `
:root {
  --paper: #fbfaf7; --ink: #1d2226; --quiet: #686e72; --hairline: #dfdcd4; --track: #ebe8e0; --accent: #17565a;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", Cambria, "Liberation Serif", "Times New Roman", serif;
  --sans: Inter, -apple-system, "Segoe UI", "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #131618; --ink: #e9e6df; --quiet: #969c9f; --hairline: #2b3033; --track: #23282b; --accent: #74b6b3; }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
html { -webkit-text-size-adjust: 100%; }
body { background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); font-variant-numeric: lining-nums tabular-nums;
  max-width: 62rem; margin: 0 auto; padding: 3.5rem 2.5rem 4rem; overflow-wrap: anywhere; }
ul { list-style: none; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
strong { font-weight: 600; }
pre, code { font: .875rem/1.6 ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace; }
.patterns { position: absolute; }

header { display: grid; grid-template-columns: 13rem 1fr auto; align-items: baseline; column-gap: 2rem; }
.brand { color: var(--accent); font-weight: 600; letter-spacing: .01em; }
h1 { font-size: 1rem; font-weight: 600; }
.as-of { color: var(--quiet); font-size: .875rem; }

.summary { margin: 5.5rem 0 0 15rem; }
.summary h2 { font: 400 1.0625rem/1.4 var(--sans); color: var(--quiet); }
.figure { font: 400 clamp(3.25rem, 9vw, 5.5rem)/1.08 var(--serif); letter-spacing: -.02em; margin-left: -.04em; }
.unknown { color: var(--quiet); }
.under { color: var(--quiet); margin: .35rem 0 2.25rem; }

.chapter { display: grid; grid-template-columns: 13rem minmax(0, 1fr); column-gap: 2rem; margin-top: 5.5rem;
  border-top: 1px solid var(--hairline); padding-top: 1.5rem; }
.chapter h2 { font: 400 1.375rem/1.3 var(--serif); margin-bottom: .65rem; }
.margin p { color: var(--quiet); font-size: .875rem; line-height: 1.5; max-width: 24ch; margin-bottom: .6rem; }
.legend { color: var(--quiet); font-size: .8125rem; margin-top: 1.25rem; }
.legend li { display: flex; align-items: center; gap: .6rem; margin-bottom: .2rem; }

.teams > li + li { margin-top: 2.5rem; }
.row { display: flex; flex-wrap: wrap; align-items: baseline; column-gap: .9rem; margin-bottom: .3rem; }
h3 { font-size: 1.0625rem; font-weight: 500; }
* + h3 { margin-top: 3rem; }
.row h3 { margin-top: 0; }
.detail { color: var(--quiet); font-size: .8125rem; flex: 1; }
.amount { font: 400 1.375rem/1.3 var(--serif); white-space: nowrap; }
.budget + .budget { margin-top: .9rem; }
.bar { display: block; overflow: visible; }
.track { fill: var(--track); }
.spent, .held-line { fill: var(--accent); }
.held-ground { fill: var(--paper); }
.limit { stroke: var(--ink); stroke-width: 1.5; }
.limit-gap { stroke: var(--paper); stroke-width: 4.5; }
.caption { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1.5rem; color: var(--quiet);
  font-size: .8125rem; margin-top: .3rem; }
.caption strong { color: var(--ink); }

table { width: 100%; border-collapse: collapse; }
th { font-weight: 400; text-align: left; }
thead th { color: var(--quiet); font-size: .8125rem; padding-top: 0; }
th, td { padding: .6rem 1.25rem .6rem 0; border-bottom: 1px solid var(--hairline); vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
td.wide { color: var(--quiet); }
.features { table-layout: fixed; }
.features th:first-child { width: 30%; }
.features th:nth-child(2) { width: 24%; }
.features th:nth-child(3) { width: 5.75rem; }
.features th:last-child { width: 4.25rem; }
.narrow { display: none; }
.note, .narrow { color: var(--quiet); font-size: .8125rem; line-height: 1.45; }
.note { display: block; font-weight: 400; max-width: 46ch; }
.verdict { font: 400 1.375rem/1.35 var(--serif); margin-bottom: 1.1rem; }
.unexplained th, .unexplained td { font-weight: 600; }
.unexplained .below-cent { color: inherit; }
.statement tfoot th, .statement tfoot td { border-top: 1px solid var(--ink); }
.below-cent { color: var(--quiet); font-weight: 400; }
.remark { color: var(--quiet); font-size: .875rem; margin-top: .8rem; }

.denials { color: var(--quiet); }
.denials .amount { color: var(--ink); margin-right: .25rem; }
.tight { margin-top: 1rem; }
.tight li { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1.5rem; padding: .6rem 0; border-top: 1px solid var(--hairline); }
.tight li span + span { color: var(--quiet); }
.tight strong { color: var(--ink); }
.next p { max-width: 46ch; }
.next pre { border-left: 2px solid var(--accent); padding: .15rem 0 .15rem 1.1rem; margin: .9rem 0 2rem; overflow-x: auto; }
.outage { border-left: 2px solid var(--ink); padding-left: 1.1rem; margin: 4rem 0 -2rem 15rem; }
.outage p + p { color: var(--quiet); }
footer { color: var(--quiet); font-size: .8125rem; margin: 6rem 0 0 15rem; }

@media (max-width: 46rem) {
  body { padding: 2rem 1.25rem 3rem; }
  header { grid-template-columns: 1fr; row-gap: .1rem; }
  .summary { margin: 3.5rem 0 0; }
  .outage { margin: 2.5rem 0 -1rem; }
  .chapter { grid-template-columns: minmax(0, 1fr); margin-top: 3.5rem; }
  .margin { margin-bottom: 1.5rem; }
  .margin p { max-width: none; }
  .legend { display: flex; flex-wrap: wrap; column-gap: 1.25rem; margin-top: .6rem; }
  .detail { order: 1; flex-basis: 100%; }
  .row h3 { flex: 1; }
  .statement .number { font-size: .875rem; }
  .features th:first-child { width: 50%; }
  .wide { display: none; }
  .narrow { display: block; }
  footer { margin: 4rem 0 0; }
}
@media print {
  body { background: none; padding: 0; }
  .teams > li, tr { break-inside: avoid; }
}
`;

/** For the policy: the one style that the page may have. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
