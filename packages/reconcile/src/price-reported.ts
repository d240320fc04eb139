import type { PicoUsd } from '@tallygate/usage';
import type { TheirRow } from './joined-rows.ts';
import type { PriceTokens } from './reconcile-input.ts';
import { countsBy, TOKEN_CLASSES, type TokenClass, type TokenCounts } from './token-counts.ts';

/**
 * Prices tokens that the provider reports as a sum over requests.
 *
 * A model can cost more per token once a single prompt passes a threshold, and a sum does not say how long its prompts were:
 * two short prompts must not be priced as one long one. Where the sum and its tokens one by one cost the same, the question
 * does not arise; where they differ the answer is null, never a guess.
 */
export function priceReported(
  price: PriceTokens,
  row: Omit<TheirRow, 'apiKeyId'>,
  isOneRequest: boolean,
): PicoUsd | null {
  const question = {
    model: row.model,
    atMs: row.atMs,
    serviceTier: row.serviceTier,
    inferenceGeo: row.inferenceGeo,
  };
  const asOnePicoUsd = price({ ...question, tokens: row.tokens });
  if (isOneRequest || row.contextWindow === '200k-1M') return asOnePicoUsd;
  let oneByOnePicoUsd = 0n;
  for (const tokenClass of TOKEN_CLASSES) {
    if (row.tokens[tokenClass] === 0) continue;
    const unitPicoUsd = price({ ...question, tokens: oneOf(tokenClass) });
    if (unitPicoUsd === null) return null;
    oneByOnePicoUsd += unitPicoUsd * BigInt(row.tokens[tokenClass]);
  }
  return asOnePicoUsd === oneByOnePicoUsd ? asOnePicoUsd : null;
}

function oneOf(tokenClass: TokenClass): TokenCounts {
  return countsBy((candidate) => (candidate === tokenClass ? 1 : 0));
}
