import { html } from 'hono/html';
import { chapter, type Markup, name } from './markup.ts';
import type { FeatureLine, Overview } from './overview.ts';
import { sayNumber, sayShare, sayUsd } from './words.ts';

/** The dearest features; the others as one line and the total below, so that the column adds up. */
export function featuresView(overview: Overview): Markup {
  const { features, otherFeatures, total, nameOf } = overview;
  if (features === null || total === null || features.length === 0) return html``;
  const whole = total.spentNanoUsd;
  const matter = html`<table class="features">
<thead><tr><th scope="col">Feature</th><th scope="col" class="wide">Team</th><th scope="col" class="number wide">Calls</th><th scope="col" class="number">Spent</th><th scope="col" class="number">Share</th></tr></thead>
<tbody>${features.map((line) => featureRow(line, whole, nameOf))}${otherFeatures === null ? '' : othersRow(otherFeatures, whole)}</tbody>
<tfoot><tr><th scope="row">All features</th><td class="wide"></td><td class="number wide">${sayNumber(total.calls)}</td><td class="number">${sayUsd(whole)}</td><td></td></tr></tfoot>
</table>`;
  return chapter(
    'features',
    'Features',
    html`<p>What the money was spent on, the dearest first.</p>`,
    matter,
  );
}

function featureRow(line: FeatureLine, whole: bigint, nameOf: Overview['nameOf']): Markup {
  const team = name(nameOf(line.team));
  return html`<tr><th scope="row">${name(line.feature)}<span class="narrow">${team}</span></th><td class="wide">${team}</td>${figures(line, whole)}</tr>`;
}

function othersRow(others: NonNullable<Overview['otherFeatures']>, whole: bigint): Markup {
  return html`<tr><th scope="row">${sayNumber(others.count)} more</th><td class="wide"></td>${figures(others, whole)}</tr>`;
}

function figures({ calls, spentNanoUsd }: { calls: number; spentNanoUsd: bigint }, whole: bigint): Markup {
  return html`<td class="number wide">${sayNumber(calls)}</td><td class="number">${sayUsd(spentNanoUsd)}</td><td class="number">${sayShare(spentNanoUsd, whole)}</td>`;
}
