import type { AnalyticsFilters, Bucket, CostRow, UsageRow } from '@tallygate/admin-api';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';
import type { ReportedDimension } from './bill.ts';

/** A report that answers for few dimensions at once, and for one value of a dimension where it is narrowed to it. */
export interface NarrowReport<Row> {
  ask(groupBy: readonly ReportedDimension[], filters: AnalyticsFilters): Promise<Bucket<Row>[]>;
  /** left − right, figure by figure. */
  subtract(left: Row, right: Row): Row;
  figuresOf(row: Row): (number | bigint)[];
  /** Those of its figures that nothing takes below zero: an adjustment is an amount below zero. */
  countsOf(row: Row): number[];
}

/** A bucket in which parts do not add up to their whole. */
export interface UnlikeBucket {
  endMs: number;
  detail: string;
}

/** Five is all that the provider groups by at once. */
const MOST_DIMENSIONS = 5;
/** The limit of these reports is low, and shared by all programs of the organization. */
const MOST_QUESTIONS = 100;

/** What a report can be narrowed by, those first that have the fewest values as a rule. */
const FILTERS = {
  speed: 'speeds',
  inference_geo: 'inferenceGeos',
  service_tier: 'serviceTiers',
  product: 'products',
  model: 'models',
  workspace_id: 'workspaceIds',
  api_key_id: 'apiKeyIds',
} as const satisfies Partial<Record<ReportedDimension, keyof AnalyticsFilters>>;
type Splittable = keyof typeof FILTERS;

interface Reading<Row> extends NarrowReport<Row> {
  asked: number;
  unlike: UnlikeBucket[];
}

/**
 * A report by more dimensions than it answers for at once: by the others, once for each value of one of them. What is left of the
 * same question without that value has none, so every group is exact; and where there is nothing without a value, nothing may be left.
 *
 * @returns beside the rows where something was left all the same: on a bucket that is complete no report may say that.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` where it would take more than a hundred questions.
 */
export async function readJoint<Row extends { group: object }>(
  report: NarrowReport<Row>,
  groupBy: readonly ReportedDimension[],
  filters: AnalyticsFilters,
): Promise<{ buckets: Bucket<Row>[]; unlike: UnlikeBucket[] }> {
  const reading = { ...report, asked: 0, unlike: [] };
  return { buckets: await jointOf(reading, groupBy, filters), unlike: reading.unlike };
}

async function jointOf<Row extends { group: object }>(
  reading: Reading<Row>,
  groupBy: readonly ReportedDimension[],
  filters: AnalyticsFilters,
): Promise<Bucket<Row>[]> {
  if (groupBy.length <= MOST_DIMENSIONS) return askOnce(reading, groupBy, filters);
  const split = (Object.keys(FILTERS) as Splittable[]).find((dimension) => groupBy.includes(dimension));
  if (split === undefined) return askOnce(reading, groupBy, filters);
  const others = groupBy.filter((dimension) => dimension !== split);
  const values = valuesOf(await askOnce(reading, [split], filters), split);
  const rest = withoutValue(values);
  const whole = await jointOf(reading, others, filters);
  const parts: { value: string; buckets: Bucket<Row>[] }[] = [];
  for (const value of values)
    if (value !== null && value !== rest)
      parts.push({
        value,
        buckets: await jointOf(reading, others, { ...filters, [FILTERS[split]]: [value] }),
      });
  return whole.map((bucket, index) => {
    const named = parts.flatMap(({ value, buckets }) =>
      (buckets[index]?.rows ?? []).map((row) => ({ row, value })),
    );
    const left = leftOf(
      reading,
      bucket.rows,
      named.map(({ row }) => row),
    );
    const isRight =
      rest !== undefined
        ? left.every((row) => !reading.countsOf(row).some((count) => count < 0))
        : left.length === 0;
    if (!isRight) reading.unlike.push(unlikeBucket(bucket, split));
    const tagged = (row: Row, value: string | null) => ({ ...row, group: { ...row.group, [split]: value } });
    const rows = [
      ...named.map(({ row, value }) => tagged(row, value)),
      ...(rest !== undefined ? left.map((row) => tagged(row, rest)) : []),
    ];
    return { ...bucket, rows };
  });
}

async function askOnce<Row>(
  reading: Reading<Row>,
  groupBy: readonly ReportedDimension[],
  filters: AnalyticsFilters,
): Promise<Bucket<Row>[]> {
  reading.asked += 1;
  if (reading.asked <= MOST_QUESTIONS) return reading.ask(groupBy, filters);
  throw invalidRequest(
    `More than ${MOST_DIMENSIONS} dimensions take a question for each value of some of them: here more than ${MOST_QUESTIONS}.`,
    'Leave one out, or narrow it with --model or a shorter range.',
  );
}

function valuesOf<Row extends { group: object }>(
  buckets: readonly Bucket<Row>[],
  dimension: ReportedDimension,
): Set<string | null> {
  const groups = buckets
    .flatMap(({ rows }) => rows)
    .map(({ group }) => group as Record<string, string | null>);
  return new Set(groups.map((group) => group[dimension] ?? null));
}

/** A filter for it finds rows of models that know no geography, and perhaps not those of no model at all. */
const NO_GEOGRAPHY = 'not_available';

/** What rows are called that no filter surely finds: null, or the word for it; undefined: there are none. */
function withoutValue(values: ReadonlySet<string | null>): string | null | undefined {
  if (values.has(null)) return null;
  return values.has(NO_GEOGRAPHY) ? NO_GEOGRAPHY : undefined;
}

/** What the parts leave of the whole, group by group; nothing where they add up to it. */
function leftOf<Row extends { group: object }>(
  { subtract, figuresOf }: NarrowReport<Row>,
  whole: readonly Row[],
  parts: readonly Row[],
): Row[] {
  const left = new Map(whole.map((row) => [groupKey(row), row]));
  const strangers: Row[] = [];
  for (const part of parts) {
    const key = groupKey(part);
    const row = left.get(key);
    if (row === undefined) strangers.push(subtract(subtract(part, part), part));
    else left.set(key, subtract(row, part));
  }
  const isSomething = (row: Row) => figuresOf(row).some((figure) => BigInt(figure) !== 0n);
  return [...left.values(), ...strangers].filter(isSomething);
}

function groupKey({ group }: { group: object }): string {
  return JSON.stringify(Object.entries(group).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function unlikeBucket({ startMs, endMs }: Bucket<unknown>, dimension: string): UnlikeBucket {
  const detail = `${isoFromMs(startMs).slice(0, 10)}: its parts by ${dimension} do not add up to the whole.`;
  return { endMs, detail };
}

/**
 * What is to be said of parts that do not add up.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` where one is of a bucket that is complete: nothing may move there any more.
 */
export function requireWhole(
  report: string,
  unlike: readonly UnlikeBucket[],
  completeUntilMs: number,
): string[] {
  const said = unlike.map(({ detail }) => `${report} of ${detail}`);
  const wrong = unlike.findIndex(({ endMs }) => endMs <= completeUntilMs);
  if (wrong === -1) return said;
  throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: said[wrong] ?? '' });
}

/** How rows of usage are taken from each other. */
export const USAGE_ROWS: Omit<NarrowReport<UsageRow>, 'ask'> = {
  subtract: (left, right) => ({
    group: left.group,
    usage: minus(left.usage, right.usage),
    requests: less(left.requests, right.requests),
    unknownCounts: minus(left.unknownCounts, right.unknownCounts),
  }),
  figuresOf: allCounts,
  countsOf: allCounts,
};

function allCounts({ usage, requests, unknownCounts }: UsageRow): number[] {
  return [...Object.values(usage), ...Object.values(unknownCounts), requests ?? 0];
}

/** How rows of cost are taken from each other. */
export const COST_ROWS: Omit<NarrowReport<CostRow>, 'ask'> = {
  subtract: (left, right) => ({
    group: left.group,
    amountPicoUsd: left.amountPicoUsd - right.amountPicoUsd,
    listAmountPicoUsd:
      left.listAmountPicoUsd === null ? null : left.listAmountPicoUsd - (right.listAmountPicoUsd ?? 0n),
    requests: less(left.requests, right.requests),
  }),
  figuresOf: ({ amountPicoUsd, listAmountPicoUsd, requests }) => [
    amountPicoUsd,
    listAmountPicoUsd ?? 0n,
    requests ?? 0,
  ],
  countsOf: ({ requests }) => [requests ?? 0],
};

function less(left: number | null, right: number | null): number | null {
  return left === null ? null : left - (right ?? 0);
}

function minus<Counts extends object>(left: Counts, right: Counts): Counts {
  const [from, taken] = [left, right].map((counts) => new Map<string, number>(Object.entries(counts)));
  const names = new Set([...(from?.keys() ?? []), ...(taken?.keys() ?? [])]);
  const differences = [...names].map((name) => [name, (from?.get(name) ?? 0) - (taken?.get(name) ?? 0)]);
  return Object.fromEntries(differences) as Counts;
}
