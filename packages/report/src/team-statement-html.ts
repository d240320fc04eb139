import { formatUsd, nanoFromUsd } from '@tallygate/usage';
import { escapeHtml } from './escape-html.ts';
import { durationText, grouped, shareText } from './figures.ts';
import type { StatementFigures, TeamStatement } from './team-statement.ts';
import { waterfallSvg } from './waterfall-svg.ts';

const STYLE = `
  body { font: 15px/1.45 system-ui, sans-serif; color: #24292f; margin: 2.5rem auto; max-width: 60rem; padding: 0 1.5rem; }
  header { display: flex; justify-content: space-between; align-items: end; border-bottom: 2px solid #33475b; padding-bottom: .8rem; }
  h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
  header p { margin: .2rem 0 0; color: #57606a; } .total { text-align: right; }
  .total strong { font-size: 1.7rem; font-variant-numeric: tabular-nums; display: block; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid #d8dee4; }
  th { font-weight: 600; color: #57606a; font-size: .85rem; } th:first-child, td:first-child { text-align: left; }
  tfoot td { font-weight: 600; border-top: 2px solid #33475b; border-bottom: 0; }
  svg { max-width: 100%; height: auto; } .notes { color: #57606a; font-size: .85rem; margin-top: 2rem; }
  .state { border: 1px solid #33475b; border-radius: 3px; padding: 0 .4rem; font-size: .85rem; }
  @page { margin: 18mm; } @media print { body { margin: 0; max-width: none; padding: 0; font-size: 11pt; } tr, svg { break-inside: avoid; } }
`;

/** A page that prints: no script, nothing fetched, every name escaped. */
export function teamStatementHtml(statement: TeamStatement): string {
  const { name, month, features, figures, steps } = statement;
  const title = `${name}, ${month}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${header(statement)}
<h2>From the calls to the bill</h2>
${waterfallSvg(title, steps)}
<h2>By feature</h2>
<table>
<thead><tr>${COLUMNS.map(([column]) => `<th>${column}</th>`).join('')}</tr></thead>
<tbody>
${features.map((line) => row(line.feature === '' ? '(no feature)' : line.feature, line)).join('\n')}
</tbody>
<tfoot>${row('All calls', figures)}</tfoot>
</table>
<p class="notes">${escapeHtml(notesOf(statement))}</p>
</body>
</html>
`;
}

function header({
  name,
  team,
  month,
  costCentre,
  charging,
  state,
  totalUsd,
  organization,
}: TeamStatement): string {
  const facts = [
    organization,
    `team ${team}`,
    costCentre === null ? 'no cost centre' : `cost centre ${costCentre}`,
    charging,
  ];
  return `<header>
<div><h1>${escapeHtml(name)}</h1><p>${escapeHtml(facts.join(' · '))}</p></div>
<div class="total"><span>${escapeHtml(month)} <span class="state">${state}</span></span><strong>${usd(totalUsd)}</strong></div>
</header>`;
}

const COLUMNS: readonly (readonly [string, (line: StatementFigures) => string])[] = [
  ['Feature', () => ''],
  ['Calls', ({ calls }) => grouped(calls)],
  ['Errors', ({ errorRate }) => shareText(errorRate)],
  ['Mean latency', ({ meanLatencyMs }) => durationText(meanLatencyMs)],
  ['From cache', ({ cacheReadShare }) => shareText(cacheReadShare)],
  ['Charged', ({ chargedUsd }) => usd(chargedUsd)],
  ['Billed', ({ billedUsd }) => usd(billedUsd)],
  ['Variance', ({ varianceUsd }) => usd(varianceUsd)],
];

function row(name: string, line: StatementFigures): string {
  const [, ...figures] = COLUMNS;
  const cells = [escapeHtml(name), ...figures.map(([, figure]) => figure(line))];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function usd(text: string): string {
  return formatUsd(nanoFromUsd(text));
}

const BASES = {
  invoice: 'The bill is what the invoice asks for',
  report: "The bill is the provider's report; no invoice was allocated",
  charges: 'There is no bill yet: these are our own charges',
} as const;

function notesOf({ basis, tiedToInvoice, state }: TeamStatement): string {
  const tied =
    tiedToInvoice === null
      ? ''
      : tiedToInvoice
        ? ', and the report ties to it'
        : ', and the report does not tie to it';
  const frozen =
    state === 'closed'
      ? 'The month is closed: what arrives later is a correction in the next open one.'
      : 'The month is not closed: these figures may still change.';
  return `${BASES[basis]}${tied}. Months are UTC. ${frozen}`;
}
