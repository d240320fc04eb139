import { html } from 'hono/html';
import { barLegend } from './bar.ts';
import { budgetView } from './budget-view.ts';
import { chapter, type Markup, name, nextStep } from './markup.ts';
import type { Overview, TeamLine } from './overview.ts';
import { sayCount, sayShare, sayUsd } from './words.ts';

/** Every team with what it spent and the budgets that hold it. */
export function teamsView(overview: Overview): Markup {
  const { teams, featureBudgets, hasNoBudgets } = overview;
  const hasBars = teams.some(({ budgets }) => budgets.length > 0) || overview.organizationBudgets.length > 0;
  const margin = html`<p>Spent this month in UTC. Each budget keeps its own calendar.</p>${hasBars ? barLegend : ''}`;
  const matter = html`${teams.length === 0 ? firstCall : html`<ul class="teams">${teams.map((team) => teamItem(team, overview))}</ul>`}
${featureBudgets.length === 0 ? '' : html`<h3>Features, whichever team calls them</h3>${featureBudgets.map(budgetView)}`}
${hasNoBudgets ? firstBudget : ''}`;
  return chapter('teams', 'Teams', margin, matter);
}

function teamItem(team: TeamLine, { total }: Overview): Markup {
  return html`<li>
<div class="row"><h3>${name(team.name)}</h3><p class="amount">${team.spentNanoUsd === null ? 'unknown' : sayUsd(team.spentNanoUsd)}</p></div>
${team.budgets.map(budgetView)}
<p class="caption"><span>${team.calls === null ? '' : sayCount(team.calls, 'call')}${team.budgets.length === 0 ? ', no budget' : ''}</span>
<span>${team.spentNanoUsd === null || total === null ? '' : share(team.spentNanoUsd, total.spentNanoUsd)}</span></p>
</li>`;
}

function share(part: bigint, whole: bigint): string {
  const said = sayShare(part, whole);
  return said === '' ? '' : `${said} of the total`;
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
