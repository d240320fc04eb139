import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { asPriced, exactPicoUsd, laneOf, type OurRow, sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import type { PriceSum } from './rates.ts';
import { sumTokens } from './token-counts.ts';

/** Rows whose charge says something of the price list. A guess has a cause of its own, and priority capacity is on no bill. */
function isPricedByList(row: OurRow): boolean {
  return !row.isEstimated && laneOf(row.serviceTier) !== 'priority';
}

/**
 * Our tokens at the book's price of the day on which they were asked for, less what they were charged by another one, as after a
 * price that changed at midnight and was published at nine.
 *
 * @param charges sums by price id, outcome and day of beginning. Without a price id nothing was charged, as for a refusal before
 *   any output.
 */
export function explainPriceVersion(
  charges: readonly OurRow[],
  priceSum: PriceSum,
  findings: Findings,
): void {
  const charged = charges.filter((row) => isPricedByList(row) && row.priceId !== '');
  for (const rows of groupRows(charged, (row) => `${row.atMs} ${row.model} ${row.priceId}`).values()) {
    const [{ atMs, model, priceId }] = rows;
    const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
    const place = { ...wholeDay(atMs), model, apiKeyId: null, attempts };
    const listPicoUsd = rows.map((row) => priceSum(asPriced(row), row.tokens));
    if (listPicoUsd.some((amount) => amount === null)) {
      findings.doubt({ cause: 'price_version', reason: 'price_ambiguous', ...place });
      continue;
    }
    const tokens = sumTokens(rows.map((row) => row.tokens));
    const [chargedPicoUsd, asListed] = [
      sumPico(rows.map(exactPicoUsd)),
      sumPico(listPicoUsd.map((amount) => amount ?? 0n)),
    ];
    if (chargedPicoUsd === asListed) continue;
    findings.explain('price_version', {
      ...place,
      workspaceId: null,
      description: priceId,
      charged: { tokens, amountPicoUsd: chargedPicoUsd },
      actual: { tokens, amountPicoUsd: asListed },
    });
  }
}

/** A day and model whose sum does not follow from the list: its rows must be read by price. */
export function isChargedOtherwise(row: OurRow, priceSum: PriceSum): boolean {
  if (!isPricedByList(row)) return false;
  const listPicoUsd = priceSum(row, row.tokens);
  return listPicoUsd !== null && listPicoUsd !== exactPicoUsd(row);
}
