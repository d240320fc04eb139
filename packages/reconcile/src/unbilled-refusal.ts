import type { CostBucket, CostGroup } from '@tallygate/admin-api';
import type { PicoUsd } from '@tallygate/usage';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, sumPico, type TheirRow } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import type { PriceSum, Terms } from './rates.ts';
import { isNothing, NO_TOKENS } from './token-counts.ts';

/** Usage of one key, model, tier, place and prompt length on one day that costs less than its tokens. */
export interface CheapCell {
  row: TheirRow;
  /** Billed list − price of the tokens: below zero. */
  missingPicoUsd: PicoUsd;
  isBilledAtAll: boolean;
}

/** The reports by key let each cell be compared with itself; the older cost report names no key, and says nothing here. */
export function cheapCellsOf(
  theirs: readonly TheirRow[],
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  priceSum: PriceSum,
): CheapCell[] {
  const billed = listByCell(costs, modelName);
  const days = new Set(costs.filter(({ rows }) => rows.some(isOfKey)).map(({ startMs }) => startMs));
  return theirs.flatMap((row) => {
    if (!days.has(row.atMs) || laneOf(row.serviceTier) === 'priority') return [];
    const tokens = { ...row.tokens, webSearchRequests: 0 };
    const pricePicoUsd = isNothing(tokens) ? null : priceSum(row, tokens);
    const listPicoUsd = billed.get(cellKey(row.atMs, row.apiKeyId, row));
    if (pricePicoUsd === null || (listPicoUsd ?? 0n) >= pricePicoUsd) return [];
    const missingPicoUsd = (listPicoUsd ?? 0n) - pricePicoUsd;
    return [{ row, missingPicoUsd, isBilledAtAll: listPicoUsd !== undefined }];
  });
}

/**
 * Refusals before any output: counted as usage and never billed. It is proved where a cell has usage and no cost at all, and where
 * what is missing is the price of our own refused rows exactly. Refusals that we charged nothing for part us from no bill.
 *
 * @param charges sums of ours by price id and outcome.
 */
export function explainUnbilledRefusals(
  cells: readonly CheapCell[],
  charges: readonly OurRow[],
  priceSum: PriceSum,
  findings: Findings,
): void {
  const refused = groupRows(
    charges.filter((row) => row.status === 'refused'),
    placeKey,
  );
  for (const { row, missingPicoUsd, isBilledAtAll } of cells) {
    const own = refused.get(placeKey(row)) ?? [];
    const free = own.filter(({ priceId }) => priceId === '');
    const isOurs = -missingPicoUsd === priceOf(own, priceSum);
    if (isBilledAtAll && !isOurs) continue;
    const amountPicoUsd = missingPicoUsd + priceOf(free, priceSum);
    if (amountPicoUsd === 0n) continue;
    const { atMs, model, apiKeyId } = row;
    findings.explain('unbilled_refusal', {
      ...wholeDay(atMs),
      model,
      apiKeyId,
      workspaceId: null,
      attempts: own.reduce((sum, { attempts }) => sum + attempts, 0),
      description: null,
      charged: { tokens: NO_TOKENS, amountPicoUsd: -amountPicoUsd },
      actual: { tokens: NO_TOKENS, amountPicoUsd: 0n },
    });
  }
}

function priceOf(rows: readonly OurRow[], priceSum: PriceSum): PicoUsd {
  return sumPico(rows.map((row) => priceSum(row, { ...row.tokens, webSearchRequests: 0 }) ?? 0n));
}

function placeKey({ atMs, apiKeyId, model }: Pick<TheirRow, 'atMs' | 'apiKeyId' | 'model'>): string {
  return `${atMs} ${apiKeyId} ${model}`;
}

function listByCell(costs: readonly CostBucket[], modelName: (name: string) => string): Map<string, PicoUsd> {
  const sums = new Map<string, PicoUsd>();
  for (const { startMs, rows } of costs) {
    for (const { group, amountPicoUsd, listAmountPicoUsd } of rows.filter(isOfKey)) {
      if (group.cost_type !== 'tokens') continue;
      const key = cellKey(startMs, group.api_key_id ?? null, termsOf(group, modelName));
      sums.set(key, (sums.get(key) ?? 0n) + (listAmountPicoUsd ?? amountPicoUsd));
    }
  }
  return sums;
}

function isOfKey({ group }: { group: CostGroup }): boolean {
  return group.api_key_id !== undefined;
}

type CellTerms = Pick<Terms, 'model' | 'serviceTier' | 'inferenceGeo' | 'promptBand'>;

function termsOf(group: CostGroup, modelName: (name: string) => string): CellTerms {
  return {
    model: modelName(group.model ?? ''),
    serviceTier: group.service_tier ?? null,
    inferenceGeo: group.inference_geo ?? null,
    promptBand: group.context_window === '200k-1M' ? 'long' : null,
  };
}

function cellKey(dayMs: number, apiKeyId: string | null, terms: CellTerms): string {
  return [dayMs, apiKeyId, terms.serviceTier, terms.inferenceGeo, terms.promptBand, terms.model].join(' ');
}
