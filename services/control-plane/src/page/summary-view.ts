import { UNASSIGNED } from '@tallygate/usage';
import { html } from 'hono/html';
import { budgetView } from './budget-view.ts';
import { type Markup, unknown } from './markup.ts';
import type { Overview } from './overview.ts';
import { sayCount, sayMonth, sayUsd } from './words.ts';

/** The one figure that the page is opened for. */
export function summaryView(overview: Overview): Markup {
  const { month, total, organizationBudgets } = overview;
  return html`<section class="summary" aria-labelledby="total">
<h2 id="total">${sayMonth(month)}, to date</h2>
<p class="figure">${total === null ? unknown : sayUsd(total.spentNanoUsd)}</p>
<p class="under">${under(overview)}</p>
${organizationBudgets.map((line) => budgetView(line, null))}
</section>`;
}

function under({ total, teams }: Overview): string {
  if (total === null) return 'Nobody can say what was spent while the ledger does not answer.';
  if (total.calls === 0) return 'No calls this month.';
  const spending = teams.filter(({ id, calls }) => id !== UNASSIGNED && calls !== null && calls > 0).length;
  return `${sayCount(total.calls, 'call')}${spending === 0 ? '' : ` by ${sayCount(spending, 'team')}`}`;
}
