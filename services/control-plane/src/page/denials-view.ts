import { html } from 'hono/html';
import type { BudgetLine } from './budget-lines.ts';
import { poolName, room } from './budget-view.ts';
import { chapter, type Markup, name } from './markup.ts';
import type { Overview } from './overview.ts';
import { sayNumber } from './words.ts';

/** How often a budget said no this month, and which budgets have the least room left. */
export function denialsView(overview: Overview): Markup {
  const { denials, tight } = overview;
  if (denials === null && tight.length === 0) return html``;
  const margin = html`<p>Calls that did not fit a budget. In observe mode they went on and were only recorded.</p>`;
  const matter = html`${denials === null ? '' : html`<p class="denials"><span class="amount">${sayNumber(denials)}</span> ${denials === 1 ? 'call' : 'calls'} this month</p>`}
${tight.length === 0 ? '' : html`<ul class="tight">${tight.map((line) => tightItem(line, overview))}</ul>`}`;
  return chapter('denials', 'Denials', margin, matter);
}

function tightItem(line: BudgetLine, { nameOf, calendar }: Overview): Markup {
  return html`<li><span>${whose(line, nameOf)}, ${line.period}</span> <span>${room(line, calendar)}</span></li>`;
}

function whose({ team, feature, isPool, id }: BudgetLine, nameOf: Overview['nameOf']): Markup {
  if (isPool) return poolName(id);
  const owner = team === null ? html`the organization` : name(nameOf(team));
  if (feature === null) return owner;
  return team === null ? name(feature) : html`${name(feature)} of ${owner}`;
}
