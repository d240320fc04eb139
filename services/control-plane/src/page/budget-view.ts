import { html } from 'hono/html';
import { bar } from './bar.ts';
import type { BudgetLine } from './budget-lines.ts';
import { type Markup, name } from './markup.ts';
import { sayUsd } from './words.ts';

/** A bar, and the same in words: the bar is for the eye, the sentence for everybody. */
export function budgetView(line: BudgetLine): Markup {
  return html`<div class="budget">
${bar(line.bar)}
<p class="caption"><span>${scopeOf(line)}${used(line)}</span><span>${room(line)}</span></p>
</div>`;
}

function scopeOf({ feature, period }: BudgetLine): Markup {
  return html`${feature === null ? '' : html`${name(feature)}, `}${period}: `;
}

function used({ spentNanoUsd, heldNanoUsd, limitNanoUsd }: BudgetLine): Markup {
  const held = heldNanoUsd > 0n ? html` and ${sayUsd(heldNanoUsd)} held` : '';
  return html`${sayUsd(spentNanoUsd)}${held} of ${sayUsd(limitNanoUsd)}`;
}

/** What is left, and until when. More than the limit is said in words: there is no second colour to shout with. */
export function room({ availableNanoUsd, usedPercent, resets }: BudgetLine): Markup {
  if (availableNanoUsd < 0n) {
    return html`<strong>${sayUsd(-availableNanoUsd)} over the limit</strong>, resets ${resets}`;
  }
  if (availableNanoUsd === 0n) return html`<strong>used up</strong>, resets ${resets}`;
  return html`${usedPercent}% used, resets ${resets}`;
}
