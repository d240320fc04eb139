import type { Findings } from './findings.ts';
import { laneOf } from './joined-rows.ts';
import { subjectKey } from './own-places.ts';
import type { PriceSum } from './rates.ts';
import { describeTerms, partingTerms, type TermsLine } from './terms.ts';
import { countsBy, isNothing, sumTokens, type TokenCounts } from './token-counts.ts';

/** The same tokens of one key and model, which the provider counts on other terms than the answers showed. */
export interface OtherTerms {
  dayMs: number;
  fromMs: number;
  toMs: number;
  lines: readonly [TermsLine, ...TermsLine[]];
}

type Stretch = Pick<OtherTerms, 'dayMs' | 'fromMs' | 'toMs'>;

export function otherTermsOf(lines: OtherTerms['lines'], stretch: Stretch): OtherTerms {
  return { ...stretch, lines };
}

/** Whose rows they are, for everything else that looks at them: their tokens are the same, so nothing else differs. */
export function subjectsOf({ lines }: OtherTerms): string[] {
  return lines.map(subjectKey);
}

/**
 * Billed at the price of the terms on which the provider counts, charged at those that we saw, each at the list price of the day.
 * What the tokens of both sides have in common is in no line.
 */
export function explainOtherTerms(
  { lines, ...stretch }: OtherTerms,
  priceSum: PriceSum,
  findings: Findings,
): void {
  const [{ apiKeyId, model }] = lines;
  const names = partingTerms(lines);
  const [cause = 'geography', ...others] = names;
  const actual = sideOf(lines, stretch, 1, priceSum);
  const charged = sideOf(lines, stretch, -1, priceSum);
  const place = { ...stretch, model, apiKeyId, attempts: 0 };
  if (actual.amountPicoUsd === null || charged.amountPicoUsd === null) {
    findings.doubt({ cause, reason: 'price_ambiguous', ...place });
    return;
  }
  if (actual.amountPicoUsd === charged.amountPicoUsd) return;
  const evidence = {
    ...place,
    workspaceId: null,
    description: `${describeTerms(actual.lines, names)} in place of ${describeTerms(charged.lines, names)}`,
    charged: { tokens: charged.tokens, amountPicoUsd: charged.amountPicoUsd },
    actual: { tokens: actual.tokens, amountPicoUsd: actual.amountPicoUsd },
  };
  if (others.length === 0) findings.explain(cause, evidence);
  else findings.explain('ambiguous', evidence, [cause, ...others]);
}

/** What one side has more than the other, on each of the terms. */
function sideOf(lines: readonly TermsLine[], { dayMs }: Stretch, sign: 1 | -1, priceSum: PriceSum) {
  const excess = lines
    .map((line) => ({ line, tokens: countsBy((each) => Math.max(0, sign * line.difference[each])) }))
    .filter(({ tokens }) => !isNothing(tokens));
  const amounts = excess.map(({ line, tokens }) => priceOf(line, tokens, dayMs, priceSum));
  return {
    tokens: sumTokens(excess.map(({ tokens }) => tokens)),
    lines: excess.map(({ line }) => line),
    amountPicoUsd: amounts.reduce(
      (sum, amount) => (sum === null || amount === null ? null : sum + amount),
      0n,
    ),
  };
}

/** Priority capacity is on no bill, and our charge for it is taken back by a cause of its own. */
function priceOf(line: TermsLine, tokens: TokenCounts, atMs: number, priceSum: PriceSum): bigint | null {
  return laneOf(line.serviceTier) === 'priority' ? 0n : priceSum({ ...line, atMs, promptBand: null }, tokens);
}
