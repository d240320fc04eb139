import { html } from 'hono/html';
import { barLegend } from './bar.ts';
import { budgetView } from './budget-view.ts';
import { chapter, type Markup, name, nextStep, unknown } from './markup.ts';
import type { Overview, TeamLine } from './overview.ts';
import { sayCount, sayShare, sayUsd } from './words.ts';

/** Every team with what it spent and the budgets that hold it. */
export function teamsView(overview: Overview): Markup {
  const { teams, featureBudgets, hasNoBudgets, calendar } = overview;
  const list = html`<ul class="teams">${teams.map((team) => teamItem(team, overview))}</ul>`;
  const matter = html`${teams.length === 0 ? firstCall : list}
${featureBudgets.length === 0 ? '' : html`<h3>Features, whichever team calls them</h3>${featureBudgets.map((line) => budgetView(line, calendar))}`}
${hasNoBudgets ? firstBudget : ''}`;
  return chapter('teams', 'Teams', margin(overview), matter);
}

function margin({ teams, organizationBudgets, featureBudgets, calendar }: Overview): Markup {
  const hasBars =
    [...teams.flatMap(({ budgets }) => budgets), ...organizationBudgets, ...featureBudgets].length > 0;
  const shared =
    calendar &&
    html`<p>Budgets run for ${calendar.period} and reset ${calendar.resets}, unless a line says otherwise.</p>`;
  return html`<p>Spent this month, in UTC.</p>${shared}${hasBars ? barLegend : ''}`;
}

function teamItem(team: TeamLine, { total, calendar }: Overview): Markup {
  const spent = team.spentNanoUsd === null ? unknown : sayUsd(team.spentNanoUsd);
  return html`<li>
<div class="row"><h3>${name(team.name)}</h3><p class="detail">${detail(team, total).join(', ')}</p><p class="amount">${spent}</p></div>
${team.budgets.map((line) => budgetView(line, calendar))}
</li>`;
}

function detail({ calls, spentNanoUsd, budgets }: TeamLine, total: Overview['total']): string[] {
  const share = spentNanoUsd === null || total === null ? '' : sayShare(spentNanoUsd, total.spentNanoUsd);
  return [
    ...(calls === null ? [] : [sayCount(calls, 'call')]),
    ...(share === '' ? [] : [`${share} of the total`]),
    ...(budgets.length === 0 ? ['no budget'] : []),
  ];
}

const firstCall = nextStep(
  'No call has been recorded yet. Wrap the client once, and every call it makes is counted here.',
  `import { tallygate } from 'tallygate';

const tally = tallygate({ team: 'support' });
const claude = tally.wrap(new Anthropic());`,
);

const firstBudget = nextStep(
  'No budget is published. Write teams and budgets in tallygate.yaml, look at the change, then publish it.',
  `tallygate init
tallygate plan
tallygate apply`,
);
