import { html } from 'hono/html';
import { bar } from './bar.ts';
import type { BudgetCalendar, BudgetLine } from './budget-lines.ts';
import { type Markup, name } from './markup.ts';
import { sayAmount } from './words.ts';

/** A bar, and the same in words: the bar is for the eye, the sentence for everybody. */
export function budgetView(line: BudgetLine, calendar: BudgetCalendar | null): Markup {
  return html`<div class="budget">
${bar(line.bar)}
<p class="caption"><span>${whatFor(line, calendar)}${used(line)}</span><span>${room(line, calendar)}</span></p>
</div>`;
}

function whatFor(line: BudgetLine, calendar: BudgetCalendar | null): Markup {
  const { feature, others, period, isPool, id } = line;
  const parts = [
    ...(isPool ? [poolName(id)] : []),
    ...(feature === null ? [] : [name(feature)]),
    ...(others === '' ? [] : [name(others)]),
    ...(period === calendar?.period ? [] : [period]),
  ];
  return html`${parts.map((part, index) => html`${index === 0 ? '' : ', '}${part}`)}${parts.length === 0 ? '' : ': '}`;
}

function used({ spent, held, limit, measure, pool, breaker }: BudgetLine): Markup {
  const also = held > 0n ? html` and ${sayAmount(held, measure)} held` : '';
  const beyond = pool === null ? '' : html`, then ${poolName(pool)}`;
  const breaks = breaker === null ? '' : `, ${breaker}`;
  return html`${sayAmount(spent, measure)}${also} of ${sayAmount(limit, measure)}${beyond}${breaks}`;
}

export function poolName(id: string): Markup {
  return html`pool ${name(id)}`;
}

/** What is left, and until when. More than the limit is said in words: there is no second colour to shout with. */
export function room(line: BudgetLine, calendar: BudgetCalendar | null): Markup {
  return html`${howFull(line)}${line.resets === calendar?.resets ? '' : `, resets ${line.resets}`}`;
}

function howFull({ available, usedPercent, limit, measure }: BudgetLine): Markup {
  if (available < 0n) return html`<strong>${sayAmount(-available, measure)} over the limit</strong>`;
  if (available === 0n) return html`<strong>used up</strong>`;
  return html`${usedPercent === 0 && available < limit ? '<1' : usedPercent}% used`;
}
