/** Spend, exact at every moment: from rollups as far as they go, from deduplicated rows for the rest. */
import { type SpendDimension, type SpendQuery, type SpendRow, TallygateError } from '@tallygate/usage';
import type { Database } from '../database.ts';
import { mayBeLate } from '../late-usage.ts';
import type { RollupDependencies } from './add-up.ts';
import { addedSpend } from './added-spend.ts';
import type { RollupDay } from './rollup-queries.ts';
import { budgetHours, planOf, readsHours, readsRows, type SpendPlan } from './spend-plan.ts';
import { type SpendColumns, spendFrom, spendFromRows } from './spend-queries.ts';
import { sourceOf } from './spend-source.ts';

/** Of these there may be as many as there are rows. */
const PERSONAL: readonly SpendDimension[] = ['user', 'workflow', 'taskType', 'tag'];
const LONGEST_PERSONAL_MS = 31 * 86_400_000;

const NOTHING_ROLLED_UP = { hourFrom: 0, hourTo: 0, dirtyHours: [] };

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for more than 31 days of users, workflows, task types or tags. */
export async function readSpend(rollups: RollupDependencies, query: SpendQuery): Promise<SpendColumns[]> {
  requireBounds(query);
  const source = sourceOf(query);
  const [onTime, late] = await Promise.all([
    source === 'rows' ? allRows(rollups, query, 'usage_events') : readRolledUp(rollups, query, source),
    readLate(rollups, query),
  ]);
  return late.length === 0 ? onTime : addedSpend([...onTime, ...late]);
}

async function readLate(rollups: RollupDependencies, query: SpendQuery): Promise<SpendColumns[]> {
  const { database, retention, clock } = rollups;
  const mayBe = await mayBeLate(database, query, retention, clock.nowMs());
  return mayBe ? allRows(rollups, query, 'late_usage_events') : [];
}

function allRows(
  { database }: RollupDependencies,
  query: SpendQuery,
  rows: 'usage_events' | 'late_usage_events',
): Promise<SpendColumns[]> {
  const parameters = { ...question(query), tagKey: query.tagKey ?? '', ...NOTHING_ROLLED_UP };
  return spendFromRows(database, { ...parameters, part: 'everything', rows });
}

/**
 * Each event is read in exactly one of three places, by its budget hour and its instant: in its row where its hour is dirty or
 * its instant lies in an hour that the range cuts; else in a day where that day is fresh and its instant lies in a day that
 * the range holds whole; else in its hour. So the sums of the three add up, counts of attempts included.
 */
async function readRolledUp(
  { database, clock, retention, marginMs, readByState }: RollupDependencies,
  query: SpendQuery,
  source: 'spend' | 'billing',
): Promise<SpendColumns[]> {
  const asked = {
    organization: query.organization,
    ...budgetHours(query),
    marginMs,
    frozenBeforeSeconds: retention.frozenBeforeSeconds(clock.nowMs()),
  };
  // What is dirty is known before anything is added: a row that arrives in between may be missed, as one that arrives later.
  return readByState(database, asked, (days) => readParts(database, query, source, days));
}

async function readParts(
  database: Database,
  query: SpendQuery,
  source: 'spend' | 'billing',
  days: readonly RollupDay[],
): Promise<SpendColumns[]> {
  const plan = planOf(query);
  const staleDays = days.filter(isStale).map((row) => row.day);
  const dirtyHours = days.flatMap((row) => row.dirty_hours);
  const freshDays = freshDaysOf(days, plan, query);
  const parameters = { ...question(query), ...plan, staleDays, dirtyHours };
  const parts: Promise<SpendColumns[]>[] = [];
  if (freshDays.length > 0)
    parts.push(spendFrom[source].days(database, { ...parameters, freshDays: `[${freshDays.join()}]` }));
  if (readsHours(plan, staleDays)) parts.push(spendFrom[source].hours(database, parameters));
  if (readsRows(query, plan, dirtyHours))
    parts.push(spendFromRows(database, { ...parameters, tagKey: '', part: 'rest', rows: 'usage_events' }));
  return addedSpend((await Promise.all(parts)).flat());
}

function isStale({ generation }: RollupDay): boolean {
  return generation === '0';
}

/** With their generations: days that were added up in one go share one. By the end of attempts, any day may hold what counts. */
function freshDaysOf(
  days: readonly RollupDay[],
  { dayFrom, dayTo }: SpendPlan,
  { by }: SpendQuery,
): string[] {
  if (dayFrom === dayTo) return [];
  const isWithin = (day: number) => by === 'ended' || (dayFrom <= day && day < dayTo);
  return days
    .filter((row) => !isStale(row) && isWithin(Number(row.day)))
    .map(({ day, generation }) => `(${day},${generation})`);
}

/** What every statement about usage is given. */
export function question({ organization, fromMs, toMs, by, groupBy, filter = {} }: SpendQuery) {
  return { organization, fromMs, toMs, by, groupBy, filter: JSON.stringify(filter) };
}

/** A row has each dimension, whether it was asked for or not. */
function groupOf(
  row: Record<`group_${SpendDimension}`, string>,
  groupBy: readonly SpendDimension[],
): SpendRow['group'] {
  const group: SpendRow['group'] = {};
  for (const dimension of groupBy) group[dimension] = row[`group_${dimension}`];
  return group;
}

function requireBounds({ fromMs, toMs, groupBy, filter = {}, tagKey }: SpendQuery): void {
  const asked = [...groupBy, ...Object.keys(filter)];
  const personal = PERSONAL.filter((dimension) => asked.includes(dimension));
  if (personal.length > 0 && toMs - fromMs > LONGEST_PERSONAL_MS) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `By ${personal.join(', ')}, at most 31 days can be asked for at once.`,
      cure: 'Ask month by month.',
    });
  }
  if (asked.includes('tag') === (tagKey !== undefined)) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'The dimension "tag" and the name of a tag go together.',
    cure: 'Name both, or neither.',
  });
}

export function toSpendRow(row: SpendColumns, groupBy: readonly SpendDimension[]): SpendRow {
  return {
    group: groupOf(row, groupBy),
    calls: row.sum_calls,
    attempts: row.sum_attempts,
    failedAttempts: row.sum_failed_attempts,
    usage: {
      uncachedInputTokens: row.sum_uncached_input_tokens,
      cacheReadInputTokens: row.sum_cache_read_input_tokens,
      cacheWrite5mInputTokens: row.sum_cache_write_5m_input_tokens,
      cacheWrite1hInputTokens: row.sum_cache_write_1h_input_tokens,
      cacheWriteUnsplitInputTokens: row.sum_cache_write_unsplit_input_tokens,
      outputTokens: row.sum_output_tokens,
      webSearchRequests: row.sum_web_search_requests,
      webFetchRequests: row.sum_web_fetch_requests,
    },
    listCostNanoUsd: row.sum_list_cost_nano_usd,
    contractedCostNanoUsd: row.sum_contracted_cost_nano_usd,
    webSearchCostNanoUsd: row.sum_web_search_cost_nano_usd,
    roundingPicoUsd: row.sum_rounding_pico_usd,
  };
}
