import { html } from 'hono/html';
import type { BarShape } from './budget-lines.ts';
import type { Markup } from './markup.ts';

/**
 * Drawn as SVG with widths as attributes: widths in `style` would need a policy that lets any inline style in. Nothing but
 * numbers of ours is in it, and the sentence below it says the same in words.
 */
export function bar({ spent, held, limit }: BarShape): Markup {
  return html`<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">
<rect class="track" y="3" width="100%" height="8"/>
<rect class="spent" y="3" width="${percent(spent)}" height="8"/>
<rect fill="url(#held)" x="${percent(spent)}" y="3" width="${percent(held)}" height="8"/>
${limitAt(percent(limit))}
</svg>`;
}

/** Hatching for what is held: told apart from what is spent without a second colour. Stands once on the page. */
export const barPatterns = html`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false">
<defs><pattern id="held" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="held-ground" width="4" height="4"/><rect class="held-line" width="1.5" height="4"/>
</pattern></defs></svg>`;

/** A line in a gap, so that it is seen on the track and on what was spent beyond it. */
function limitAt(x: string): Markup {
  return html`<line class="limit-gap" x1="${x}" x2="${x}" y1="0" y2="14"/><line class="limit" x1="${x}" x2="${x}" y1="0" y2="14"/>`;
}

export const barLegend = html`<ul class="legend">
<li><svg width="14" height="8" aria-hidden="true"><rect class="spent" width="14" height="8"/></svg> spent</li>
<li><svg width="14" height="8" aria-hidden="true"><rect fill="url(#held)" width="14" height="8"/></svg> held for calls under way</li>
<li><svg width="14" height="14" aria-hidden="true">${limitAt('7')}</svg> limit</li>
</ul>`;

function percent(thousandths: number): string {
  return `${thousandths / 10}%`;
}
