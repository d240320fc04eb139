import type { CostBucket, CostRow } from '@tallygate/admin-api';
import type { PicoUsd } from '@tallygate/usage';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, sumPico, type TheirRow } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import type { PriceSum, Terms } from './rates.ts';
import { placeOf } from './terms.ts';
import { isNothing, NO_TOKENS } from './token-counts.ts';

/** Usage on one day that costs less than its tokens: of one key and model on one set of terms, or where the bill names no key, of a model. */
export interface CheapCell {
  row: TheirRow;
  /** Billed list − price of the tokens: below zero. */
  missingPicoUsd: PicoUsd;
  isBilledAtAll: boolean;
  isOfAllKeys: boolean;
}

/** Of one day. The reports by key let each cell be compared with itself; the older cost report adds all keys of a model up. */
export function cheapCellsOf(
  theirs: readonly TheirRow[],
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  priceSum: PriceSum,
): CheapCell[] {
  const lines = tokenLinesOf(costs, modelName);
  if (lines.length === 0) return [];
  const isOfAllKeys = !lines.some(({ isOfKey }) => isOfKey);
  const keyOf = isOfAllKeys ? ofModel : termsKey;
  const billed = new Map<string, PicoUsd>();
  for (const line of lines) {
    const key = keyOf(line);
    billed.set(key, (billed.get(key) ?? 0n) + line.listPicoUsd);
  }
  const cells = new Map<string, { row: TheirRow; pricePicoUsd: PicoUsd | null }>();
  for (const row of theirs) {
    const tokens = withoutSearches(row);
    if (laneOf(row.serviceTier) === 'priority' || isNothing(tokens)) continue;
    const price = priceSum(row, tokens);
    const key = keyOf(row);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { row, pricePicoUsd: price });
    else cell.pricePicoUsd = cell.pricePicoUsd === null || price === null ? null : cell.pricePicoUsd + price;
  }
  return [...cells].flatMap(([key, { row, pricePicoUsd }]) => {
    const missingPicoUsd = (billed.get(key) ?? 0n) - (pricePicoUsd ?? 0n);
    if (pricePicoUsd === null || missingPicoUsd >= 0n) return [];
    return [{ row, missingPicoUsd, isBilledAtAll: billed.has(key), isOfAllKeys }];
  });
}

/**
 * Refusals before any output: counted as usage and never billed. It is proved where what is missing is the price of our own refused
 * rows exactly, and where the usage of a key has no cost at all. Refusals that we charged nothing for part us from no bill.
 *
 * @param charges sums of ours by price id and outcome.
 */
export function explainUnbilledRefusals(
  cells: readonly CheapCell[],
  charges: readonly OurRow[],
  priceSum: PriceSum,
  findings: Findings,
): void {
  const rows = charges.filter((row) => row.status === 'refused');
  const [ofKeys, ofModels] = [groupRows(rows, ofKey), groupRows(rows, ofModel)];
  for (const cell of cells) {
    const own = (cell.isOfAllKeys ? ofModels.get(ofModel(cell.row)) : ofKeys.get(ofKey(cell.row))) ?? [];
    if (-cell.missingPicoUsd === priceOf(own, priceSum)) explainOwn(own, priceSum, findings);
    else if (cell.isOfAllKeys) doubtOwn(cell, own, findings);
    else if (!cell.isBilledAtAll) explainFree(cell, own, priceSum, findings);
  }
}

/** What we charged for refusals, by the key that made them. */
function explainOwn(own: readonly OurRow[], priceSum: PriceSum, findings: Findings): void {
  for (const rows of groupRows(own, ofKey).values()) {
    const chargedPicoUsd = priceOf(rows.filter(isCharged), priceSum);
    if (chargedPicoUsd !== 0n)
      findings.explain('unbilled_refusal', evidenceOf(rows[0], rows, chargedPicoUsd));
  }
}

function explainFree(cell: CheapCell, own: readonly OurRow[], priceSum: PriceSum, findings: Findings): void {
  const free = own.filter((row) => !isCharged(row));
  const chargedPicoUsd = -cell.missingPicoUsd - priceOf(free, priceSum);
  if (chargedPicoUsd !== 0n) findings.explain('unbilled_refusal', evidenceOf(cell.row, own, chargedPicoUsd));
}

/** A bill without keys, which may be net of a discount, too: that something is missing does not say that it is these. */
function doubtOwn({ row }: CheapCell, own: readonly OurRow[], findings: Findings): void {
  const charged = own.filter(isCharged);
  if (charged.length === 0) return;
  const place = { ...wholeDay(row.atMs), model: row.model, apiKeyId: null, attempts: attemptsOf(charged) };
  findings.doubt({ cause: 'unbilled_refusal', reason: 'bill_without_keys', ...place });
}

function evidenceOf(place: TheirRow | OurRow, own: readonly OurRow[], chargedPicoUsd: PicoUsd) {
  const { atMs, model, apiKeyId } = place;
  return {
    ...{ ...wholeDay(atMs), model, apiKeyId, workspaceId: null, description: null },
    attempts: attemptsOf(own),
    charged: { tokens: NO_TOKENS, amountPicoUsd: chargedPicoUsd },
    actual: { tokens: NO_TOKENS, amountPicoUsd: 0n },
  };
}

function isCharged({ priceId }: OurRow): boolean {
  return priceId !== '';
}

function attemptsOf(rows: readonly OurRow[]): number {
  return rows.reduce((sum, { attempts }) => sum + attempts, 0);
}

function priceOf(rows: readonly OurRow[], priceSum: PriceSum): PicoUsd {
  return sumPico(rows.map((row) => priceSum(row, withoutSearches(row)) ?? 0n));
}

function withoutSearches({ tokens }: Pick<TheirRow, 'tokens'>) {
  return tokens.webSearchRequests === 0 ? tokens : { ...tokens, webSearchRequests: 0 };
}

function ofModel({ atMs, model }: Pick<TheirRow, 'atMs' | 'model'>): string {
  return `${atMs} ${model}`;
}

function ofKey(row: Pick<TheirRow, 'atMs' | 'apiKeyId' | 'model'>): string {
  return `${row.apiKeyId} ${ofModel(row)}`;
}

type CellTerms = Omit<Terms, 'speed'> & { apiKeyId: string | null };

interface TokenLine extends CellTerms {
  isOfKey: boolean;
  listPicoUsd: PicoUsd;
}

function tokenLinesOf(costs: readonly CostBucket[], modelName: (name: string) => string): TokenLine[] {
  return costs.flatMap(({ startMs, rows }) =>
    rows.filter(({ group }) => group.cost_type === 'tokens').map((row) => tokenLine(startMs, row, modelName)),
  );
}

function tokenLine(
  atMs: number,
  { group, amountPicoUsd, listAmountPicoUsd }: CostRow,
  modelName: (name: string) => string,
): TokenLine {
  return {
    atMs,
    apiKeyId: group.api_key_id ?? null,
    model: modelName(group.model ?? ''),
    serviceTier: group.service_tier ?? null,
    inferenceGeo: group.inference_geo ?? null,
    promptBand: group.context_window === '200k-1M' ? 'long' : null,
    isOfKey: group.api_key_id !== undefined,
    listPicoUsd: listAmountPicoUsd ?? amountPicoUsd,
  };
}

function termsKey(cell: CellTerms): string {
  const { atMs, apiKeyId, serviceTier, promptBand, model } = cell;
  return `${atMs} ${apiKeyId} ${serviceTier} ${placeOf(cell)} ${promptBand} ${model}`;
}
