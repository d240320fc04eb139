import type { CostBucket, CostRow } from '@tallygate/admin-api';
import type { PicoUsd } from '@tallygate/usage';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { asPriced, laneOf, type OurRow, sumPico, type TheirRow } from './joined-rows.ts';
import { createPairs } from './pairs.ts';
import { DAY_MS, wholeDay } from './places.ts';
import type { PriceSum, Terms } from './rates.ts';
import { placeOf } from './terms.ts';
import { countsBy, isNothing, NO_TOKENS } from './token-counts.ts';

/** Usage on one day that costs less than its tokens, or may if some of it began before a price changed: of one key and model on one set of terms, or where the bill names no key, of a model. */
export interface CheapCell {
  row: TheirRow;
  /** Billed list − price of the tokens on the day of their end. */
  missingPicoUsd: PicoUsd;
  isBilledAtAll: boolean;
  isOfAllKeys: boolean;
}

const ONE_OF_EACH = countsBy(() => 1);

/** Of one day. The reports by key let each cell be compared with itself; the older cost report adds all keys of a model up. */
export function cheapCellsOf(
  theirs: readonly TheirRow[],
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  priceSum: PriceSum,
): CheapCell[] {
  const lines = costs.flatMap(({ rows }) => rows.filter(({ group }) => group.cost_type === 'tokens'));
  // A line without a kind may be the price of any tokens; without a line of tokens none was billed.
  const isUntold = costs.some(({ rows }) => rows.some(({ group }) => group.cost_type == null));
  if (lines.length === 0 && isUntold) return [];
  const isOfAllKeys = !lines.some(({ group }) => group.api_key_id !== undefined);
  const cells = createPairs<string, string | null, CellTerms, Cell>(
    ({ terms }, of) => isOfAllKeys || isOnSameTerms(terms, of),
    (terms) => ({ terms, billedPicoUsd: null, row: null, pricePicoUsd: 0n }),
  );
  const cellOf = (terms: CellTerms) => cells.at(terms.model, isOfAllKeys ? null : terms.apiKeyId, terms);
  for (const line of lines) addBilled(cellOf(termsOf(line, modelName)), line);
  for (const row of theirs) {
    const tokens = withoutSearches(row);
    if (laneOf(row.serviceTier) === 'priority' || isNothing(tokens)) continue;
    addPrice(cellOf(row), row, priceSum(row, tokens));
  }
  const cheap: CheapCell[] = [];
  for (const { row, billedPicoUsd, pricePicoUsd } of cells.all()) {
    const missingPicoUsd = (billedPicoUsd ?? 0n) - (pricePicoUsd ?? 0n);
    if (row === null || pricePicoUsd === null || missingPicoUsd === 0n) continue;
    if (missingPicoUsd < 0n || isNewlyPriced(row, priceSum))
      cheap.push({ row, missingPicoUsd, isBilledAtAll: billedPicoUsd !== null, isOfAllKeys });
  }
  return cheap;
}

/** Dearer calls of the day before may end on it, and hide what others lack. */
function isNewlyPriced(row: TheirRow, priceSum: PriceSum): boolean {
  const dayBefore = { ...row, atMs: row.atMs - DAY_MS };
  return priceSum(dayBefore, ONE_OF_EACH) !== priceSum(row, ONE_OF_EACH);
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
  const [ofKeys, ofModels] = [groupRows(charges, ofKey), groupRows(charges, ofModel)];
  for (const counted of cells) {
    const rows =
      (counted.isOfAllKeys ? ofModels.get(ofModel(counted.row)) : ofKeys.get(ofKey(counted.row))) ?? [];
    const own = rows.filter((row) => row.status === 'refused');
    const cell = asBegun(counted, rows, priceSum);
    if (cell.missingPicoUsd >= 0n) continue;
    if (-cell.missingPicoUsd === listPriceOf(own, priceSum)) explainOwn(own, priceSum, findings);
    else if (cell.isOfAllKeys) doubtOwn(cell, own, findings);
    else if (!cell.isBilledAtAll) explainFree(cell, own, priceSum, findings);
  }
}

/** What was billed at the price of the day before is not missing. */
function asBegun(cell: CheapCell, rows: readonly OurRow[], priceSum: PriceSum): CheapCell {
  const billed = rows.filter((row) => row.status !== 'refused' && laneOf(row.serviceTier) !== 'priority');
  return { ...cell, missingPicoUsd: cell.missingPicoUsd + dearerPicoUsd(billed, priceSum) };
}

/** What tokens would cost on the day of their end, above what they cost when they were asked for. */
export function dearerPicoUsd(rows: readonly OurRow[], priceSum: PriceSum): PicoUsd {
  const earlier = rows.filter((row) => asPriced(row) !== row);
  return listPriceOf(earlier, priceSum) - listPriceOf(earlier.map(asPriced), priceSum);
}

/** What we charged for refusals, by the key that made them. */
function explainOwn(own: readonly OurRow[], priceSum: PriceSum, findings: Findings): void {
  for (const rows of groupRows(own, ofKey).values()) {
    const chargedPicoUsd = listPriceOf(rows.filter(isCharged).map(asPriced), priceSum);
    if (chargedPicoUsd !== 0n)
      findings.explain('unbilled_refusal', evidenceOf(rows[0], rows, chargedPicoUsd));
  }
}

function explainFree(cell: CheapCell, own: readonly OurRow[], priceSum: PriceSum, findings: Findings): void {
  const [charged, free] = [own.filter(isCharged), own.filter((row) => !isCharged(row))];
  const chargedPicoUsd =
    -cell.missingPicoUsd - listPriceOf(free, priceSum) - dearerPicoUsd(charged, priceSum);
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

/** Without searches, at the price of their day. */
export function listPriceOf(rows: readonly OurRow[], priceSum: PriceSum): PicoUsd {
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

type CellTerms = Pick<Terms, 'model' | 'serviceTier' | 'inferenceGeo' | 'promptBand'> & {
  apiKeyId: string | null;
};

/** Bill and usage of one key and model on one set of terms, or of one model. */
interface Cell {
  terms: CellTerms;
  /** Null: nothing was billed. */
  billedPicoUsd: PicoUsd | null;
  /** Its first usage; null: there is none. */
  row: TheirRow | null;
  /** Null: it cannot be told. */
  pricePicoUsd: PicoUsd | null;
}

function isOnSameTerms(left: CellTerms, right: CellTerms): boolean {
  return (
    left.serviceTier === right.serviceTier &&
    left.promptBand === right.promptBand &&
    placeOf(left) === placeOf(right)
  );
}

function addBilled(cell: Cell, { amountPicoUsd, listAmountPicoUsd }: CostRow): void {
  cell.billedPicoUsd = (cell.billedPicoUsd ?? 0n) + (listAmountPicoUsd ?? amountPicoUsd);
}

function addPrice(cell: Cell, row: TheirRow, pricePicoUsd: PicoUsd | null): void {
  cell.row ??= row;
  cell.pricePicoUsd =
    cell.pricePicoUsd === null || pricePicoUsd === null ? null : cell.pricePicoUsd + pricePicoUsd;
}

function termsOf({ group }: CostRow, modelName: (name: string) => string): CellTerms {
  return {
    apiKeyId: group.api_key_id ?? null,
    model: modelName(group.model ?? ''),
    serviceTier: group.service_tier ?? null,
    inferenceGeo: group.inference_geo ?? null,
    promptBand: group.context_window === '200k-1M' ? 'long' : null,
  };
}
