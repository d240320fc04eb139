import type { CauseName } from './causes.ts';
import type { Findings } from './findings.ts';
import { laneOf, type TheirRow } from './joined-rows.ts';
import type { OwnPlaces } from './own-places.ts';
import { wholeDay } from './places.ts';
import type { PriceSum } from './rates.ts';
import { NO_TOKENS } from './token-counts.ts';

/**
 * Usage where we have no row at all: a key, or a workspace or a model of a metered key. The widest of these names the row, so that
 * none is counted twice.
 */
export function darkCauseOf(row: TheirRow, own: OwnPlaces): CauseName | null {
  if (!own.hasKey(row.apiKeyId)) return 'unmetered_key';
  const namesWorkspace = row.workspaceId !== null && !own.isWorkspaceDoubtful(row.apiKeyId);
  if (namesWorkspace && !own.hasWorkspace(row)) return 'unmetered_workspace';
  return own.hasModel(row) ? null : 'unmetered_model';
}

/** A day of a metered key without a row: dark hours that no minute has to be read for. */
export function isDarkDay(row: TheirRow, keysOfDay: ReadonlySet<string | null>): boolean {
  return !keysOfDay.has(row.apiKeyId) && laneOf(row.serviceTier) !== 'batch';
}

/** At list price. Usage that could be a row of ours without a name is not claimed. */
export function explainDark(
  cause: CauseName,
  row: TheirRow,
  own: OwnPlaces,
  priceSum: PriceSum,
  findings: Findings,
): void {
  const { model, apiKeyId, workspaceId } = row;
  const place = { ...wholeDay(row.atMs), model, apiKeyId, attempts: 0 };
  const isDoubtful = own.isModelDoubtful(model);
  // Priority capacity has tokens in the usage report and no line on the bill.
  const amountPicoUsd = laneOf(row.serviceTier) === 'priority' ? 0n : priceSum(row, row.tokens);
  if (isDoubtful || amountPicoUsd === null) {
    findings.doubt({ cause, reason: isDoubtful ? 'own_keys_unknown' : 'price_ambiguous', ...place });
    return;
  }
  findings.explain(cause, {
    ...place,
    workspaceId,
    description: null,
    charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
    actual: { tokens: row.tokens, amountPicoUsd },
  });
  findings.explainRequests(row.atMs, row.requests);
}
