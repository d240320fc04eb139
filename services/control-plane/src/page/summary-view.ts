import { html } from 'hono/html';
import { budgetView } from './budget-view.ts';
import type { Markup } from './markup.ts';
import type { Overview } from './overview.ts';
import { sayCount, sayMonth, sayUsd } from './words.ts';

/** The one figure that the page is opened for. */
export function summaryView(overview: Overview): Markup {
  const { month, total, organizationBudgets } = overview;
  return html`<section class="summary" aria-labelledby="total">
<h2 id="total">${sayMonth(month)}, to date</h2>
<p class="figure">${total === null ? 'unknown' : sayUsd(total.spentNanoUsd)}</p>
<p class="under">${under(overview)}</p>
${organizationBudgets.map(budgetView)}
</section>`;
}

function under({ total, teams }: Overview): string {
  if (total === null) return 'The ledger does not answer, so nobody can say what was spent.';
  if (total.calls === 0) return 'No calls this month.';
  const spending = teams.filter(({ calls }) => calls !== null && calls > 0).length;
  return `${sayCount(total.calls, 'call')} by ${sayCount(spending, 'team')}`;
}
