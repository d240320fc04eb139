/** What a spend report leaves open: who is ahead, how well caches work, how often calls fail or are denied, how long they take. */
import {
  type SpendDimension,
  type SpendQuery,
  TallygateError,
  TIME_DIMENSIONS,
  type UsageAnswer,
  type UsageQuestion,
} from '@tallygate/usage';
import { DIMENSIONS } from '../sql.generated.ts';
import type { RollupDependencies } from './add-up.ts';
import { addedSpend } from './added-spend.ts';
import { folded, keyOf, ranked } from './rank-usage.ts';
import { question, readSpend } from './read-spend.ts';
import { denialCounts, latencyPercentiles, NOTHING_SPENT } from './spend-queries.ts';
import { sourceOf } from './spend-source.ts';
import { type Latencies, latenciesOf, toUsageGroup, type UsageColumns } from './usage-group.ts';

const DENIAL_DIMENSIONS: readonly string[] = [...DIMENSIONS.denials, ...TIME_DIMENSIONS];
const LONGEST_FROM_ROWS_MS = 31 * 86_400_000;
const NOTHING_DENIED = { denied_attempts: 0, would_be_denied_attempts: 0 };

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` beyond 31 days of percentiles, users or tags. */
export async function askUsage(rollups: RollupDependencies, asked: UsageQuestion): Promise<UsageAnswer> {
  requirePercentileRange(asked);
  const [spent, denied, latencies, allLatencies, coverage] = await Promise.all([
    readSpend(rollups, asked),
    deniedBy(rollups, asked),
    latenciesBy(rollups, asked),
    latenciesBy(rollups, { ...asked, groupBy: [] }),
    coverageOf(rollups, asked),
  ]);
  // Who was denied everything has spent nothing, and is a group all the same.
  const rows = addedSpend([...spent.map((row) => ({ ...row, ...NOTHING_DENIED })), ...(denied ?? [])]);
  const { chosen, others } = ranked(rows, asked);
  const group = (row: UsageColumns, by: readonly SpendDimension[], timed: Latencies | null) =>
    toUsageGroup(row, by, { knowsDenials: denied !== null, timed });
  return {
    groups: chosen.map((row) => group(row, asked.groupBy, latencies?.get(keyOf(row, asked.groupBy)) ?? null)),
    others: others.rows.map((row) => group(row, others.groupBy, null)),
    total: group(totalOf(rows), [], allLatencies?.get(keyOf(NOTHING_SPENT, [])) ?? null),
    coverage,
  };
}

function requirePercentileRange({ percentiles, fromMs, toMs }: UsageQuestion): void {
  if (!percentiles || toMs - fromMs <= LONGEST_FROM_ROWS_MS) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'Of percentiles, at most 31 days can be asked for at once.',
    cure: 'Ask month by month, or without percentiles.',
  });
}

function totalOf(rows: readonly UsageColumns[]): UsageColumns {
  const [total] = folded([{ ...NOTHING_SPENT, ...NOTHING_DENIED }, ...rows], []);
  return total as UsageColumns;
}

/** Null where a denial does not have what was asked about. */
async function deniedBy(
  { database }: RollupDependencies,
  asked: UsageQuestion,
): Promise<UsageColumns[] | null> {
  const dimensions = [...asked.groupBy, ...Object.keys(asked.filter ?? {})];
  if (!dimensions.every((dimension) => DENIAL_DIMENSIONS.includes(dimension))) return null;
  const { by: _by, ...rest } = question(asked);
  const rows = await denialCounts(database, rest);
  return rows.map((row) => ({ ...NOTHING_SPENT, ...row }));
}

async function latenciesBy({ database }: RollupDependencies, asked: UsageQuestion) {
  if (!asked.percentiles) return null;
  const rows = await latencyPercentiles(database, { ...question(asked), tagKey: asked.tagKey ?? '' });
  return new Map(rows.map((row) => [keyOf(row, asked.groupBy), latenciesOf(row)]));
}

/**
 * Asked by itself: by basis and by what the question filters, never by its groups, so that it is answered from rollups where it can
 * be. A year of rows is too much to read for one remark.
 */
async function coverageOf(
  rollups: RollupDependencies,
  asked: UsageQuestion,
): Promise<UsageAnswer['coverage']> {
  const query: SpendQuery = { ...asked, groupBy: ['basis'] };
  if (asked.filter?.tag === undefined) delete query.tagKey;
  if (sourceOf(query) === 'rows' && asked.toMs - asked.fromMs > LONGEST_FROM_ROWS_MS) return null;
  const rows = await readSpend(rollups, query);
  const of = (basis: string) => {
    const row = rows.find(({ group_basis }) => group_basis === basis) ?? NOTHING_SPENT;
    return { attempts: row.sum_attempts, contractedCostNanoUsd: row.sum_contracted_cost_nano_usd };
  };
  return { reported: of('reported'), estimated: of('estimated') };
}
