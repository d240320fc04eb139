import type { ComparedDays, DifferingDay } from './compare-days.ts';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, type TheirRow } from './joined-rows.ts';
import { subjectKey } from './own-places.ts';
import { DAY_MS, wholeDay } from './places.ts';
import { type Bucket, type Pricing, priceNet } from './price-net.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import { requestDifference } from './request-count.ts';
import { addTokens, isNothing, NO_TOKENS, TOKEN_CLASSES, type TokenCounts } from './token-counts.ts';

/**
 * Batches that ended near midnight: the provider counts an item when it was worked off, we when its result was fetched. What is
 * missing on one day is over on the next, in every class and to the last token.
 *
 * @param charges where they were read, they say when each batch was asked for, which days do not.
 * @returns which rows of batches it explains: no minute of them needs to be read.
 */
export function explainBatchTiming(
  { batches: { ours, theirs }, differing }: ComparedDays,
  { fromMs, toMs, beside }: Pick<ReconcileInput, 'fromMs' | 'toMs' | 'beside'>,
  charges: readonly OurRow[],
  pricing: Pricing,
  findings: Findings,
): (row: OurRow | TheirRow, dayMs: number) => boolean {
  const balanced = balancedBatches([...differing, ...beside]).filter(
    ({ dayMs }) => dayMs >= fromMs && dayMs < toMs,
  );
  const keys = new Set(balanced.map((day) => keyOf(day)));
  const isOfThese = (row: OurRow | TheirRow) => keys.has(keyOf(row, row.atMs));
  const ourRows = groupRows(ours.filter(isOfThese), (row) => keyOf(row, row.atMs));
  const charged = groupRows(charges.filter(isOfThese), (row) => keyOf(row, row.atMs));
  const theirRows = groupRows(theirs.filter(isOfThese), (row) => keyOf(row, row.atMs));
  for (const day of balanced) {
    const key = keyOf(day);
    const reported = charged.get(key) ?? ourRows.get(key) ?? [];
    const bucket = { reported, theirs: theirRows.get(key) ?? [], estimated: [] };
    explainDay(day, bucket, pricing, findings);
  }
  return (row, dayMs) => keys.has(keyOf(row, dayMs));
}

/** Days on which batches differ and no day beside makes up for it: that of a day at the edge may lie outside of the range. */
export function openBatchDays(differing: readonly DifferingDay[]): Set<number> {
  const balanced = new Set(balancedBatches(differing));
  return new Set(differing.filter((day) => isOfBatch(day) && !balanced.has(day)).map(({ dayMs }) => dayMs));
}

function balancedBatches(days: readonly DifferingDay[]): DifferingDay[] {
  return [...groupRows(days.filter(isOfBatch), subjectKey).values()].flatMap(balancedDays);
}

function isOfBatch({ serviceTier, apiKeyId }: DifferingDay): boolean {
  return laneOf(serviceTier) === 'batch' && apiKeyId !== null;
}

/** Days in a row whose differences come to nothing. */
function balancedDays(days: readonly DifferingDay[]): DifferingDay[] {
  const balanced: DifferingDay[] = [];
  let open: DifferingDay[] = [];
  let sum: TokenCounts = NO_TOKENS;
  const unlike = days.filter(({ difference }) => !isNothing(difference));
  for (const day of unlike.sort((left, right) => left.dayMs - right.dayMs)) {
    if (open.at(-1)?.dayMs !== day.dayMs - DAY_MS) [open, sum] = [[], NO_TOKENS];
    open.push(day);
    sum = addTokens(sum, day.difference);
    if (!isNothing(sum)) continue;
    balanced.push(...open);
    open = [];
  }
  return balanced;
}

function explainDay(day: DifferingDay, bucket: Bucket, pricing: Pricing, findings: Findings): void {
  const { dayMs, model, apiKeyId, difference } = day;
  const place = { ...wholeDay(dayMs), model, apiKeyId, attempts: 0 };
  const amountPicoUsd = priceNet([bucket], pricing);
  if (amountPicoUsd === null) {
    findings.doubt({ cause: 'batch_timing', reason: 'price_ambiguous', ...place });
    return;
  }
  findings.explain('batch_timing', {
    ...place,
    workspaceId: null,
    description: TOKEN_CLASSES.some((each) => difference[each] < 0)
      ? 'counted by the provider on a day beside'
      : 'recorded here on a day beside',
    charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
    actual: { tokens: difference, amountPicoUsd },
  });
  findings.explainRequests(dayMs, requestDifference(bucket.theirs, bucket.reported));
}

function keyOf(
  row: Pick<OurRow, 'apiKeyId' | 'model' | 'serviceTier'> & { dayMs?: number },
  dayMs: number = row.dayMs ?? 0,
): string {
  return `${dayMs} ${subjectKey(row)}`;
}
