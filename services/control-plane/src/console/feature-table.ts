import { formatUsd, type SpendRow } from '@tallygate/usage';
import { html } from 'hono/html';
import { percentOf, shareBar } from './bar.ts';

const SHOWN = 8;

/** The features that cost most this month, dearest first; the others as one line, so that the column adds up. */
export function featureTable(spend: readonly SpendRow[], teamNames: ReadonlyMap<string, string>) {
  const byCost = spend.toSorted(dearestFirst);
  const total = costOf(byCost);
  const rest = byCost.slice(SHOWN);
  return html`<table>
<thead><tr><th>Feature</th><th>Team</th><th class="number">Calls</th><th class="number">Spent</th><th class="number">Share</th><th></th></tr></thead>
<tbody>
${byCost.slice(0, SHOWN).map(
  ({ group, calls, contractedCostNanoUsd }) => html`<tr>
<td>${group.feature ?? ''}</td><td class="quiet">${teamNames.get(group.team ?? '') ?? group.team ?? ''}</td>
<td class="number">${calls.toLocaleString('en-GB')}</td>
${costCells(contractedCostNanoUsd, total)}
</tr>`,
)}
${rest.length === 0 ? '' : restRow(rest, total)}
</tbody>
<tfoot><tr><td>Total</td><td></td><td class="number">${callsOf(byCost)}</td><td class="number">${formatUsd(total)}</td><td></td><td></td></tr></tfoot>
</table>`;
}

function restRow(rest: readonly SpendRow[], total: bigint) {
  return html`<tr><td class="quiet">${rest.length} more</td><td></td><td class="number">${callsOf(rest)}</td>${costCells(costOf(rest), total)}</tr>`;
}

function costCells(cost: bigint, total: bigint) {
  return html`<td class="number">${formatUsd(cost)}</td><td class="number quiet">${shareText(cost, total)}</td><td class="chart">${shareBar(cost, total)}</td>`;
}

/** Something is never shown as nothing. */
function shareText(cost: bigint, total: bigint): string {
  const percent = percentOf(cost, total) ?? 0;
  return percent === 0 && cost > 0n ? '<1%' : `${percent}%`;
}

function costOf(rows: readonly SpendRow[]): bigint {
  return rows.reduce((sum, row) => sum + row.contractedCostNanoUsd, 0n);
}

function callsOf(rows: readonly SpendRow[]): string {
  return rows.reduce((sum, row) => sum + row.calls, 0).toLocaleString('en-GB');
}

function dearestFirst(left: SpendRow, right: SpendRow): number {
  const difference = right.contractedCostNanoUsd - left.contractedCostNanoUsd;
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return (left.group.feature ?? '').localeCompare(right.group.feature ?? '');
}
