import { html } from 'hono/html';

/** Width of a bar in its own units; the page stretches it. */
const WHOLE = 1_000n;

/**
 * Spent and held against a limit. Drawn as SVG, because widths in style attributes would need a page that allows any inline
 * style. Everything in it is a number of ours.
 */
export function budgetBar(spentNanoUsd: bigint, heldNanoUsd: bigint, limitNanoUsd: bigint) {
  const spent = share(spentNanoUsd, limitNanoUsd, WHOLE);
  const held = share(heldNanoUsd, limitNanoUsd, WHOLE - spent);
  return html`<svg class="bar" viewBox="0 0 ${WHOLE} 10" preserveAspectRatio="none" aria-hidden="true">
<rect class="track" width="${WHOLE}" height="10"/>
<rect class="spent" width="${spent}" height="10"/>
<rect class="held" x="${spent}" width="${held}" height="10"/>
</svg>`;
}

/** One part of a whole: thinner, and without a limit to reach. */
export function shareBar(partNanoUsd: bigint, wholeNanoUsd: bigint) {
  return html`<svg class="share" viewBox="0 0 ${WHOLE} 10" preserveAspectRatio="none" aria-hidden="true">
<rect class="spent" width="${share(partNanoUsd, wholeNanoUsd, WHOLE)}" height="10"/>
</svg>`;
}

/** Whole percent, rounded down, so that 100 means all of it; null where there is nothing to be a part of. */
export function percentOf(partNanoUsd: bigint, wholeNanoUsd: bigint): number | null {
  return wholeNanoUsd <= 0n ? null : Number((partNanoUsd * 100n) / wholeNanoUsd);
}

/** Anything at all is drawn at least as a hairline: a first call should be seen. */
function share(amount: bigint, whole: bigint, most: bigint): bigint {
  if (amount <= 0n) return 0n;
  const exact = whole > 0n ? (amount * WHOLE) / whole : WHOLE;
  const drawn = exact < 4n ? 4n : exact;
  return drawn > most ? most : drawn;
}
