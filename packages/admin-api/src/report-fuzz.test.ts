import { TallygateError } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CostBucket, UsageBucket } from './reported.ts';
import { analyticsPage, analyticsRow } from './testing/analytics.ts';
import { DAMAGES, damage, type Json, placesIn, serve } from './testing/damage.ts';
import { bucket, costRow, DAY_MS, FROM_MS, lastPage, usageRow } from './testing/fake-provider.ts';

/**
 * The one promise that matters: whatever happens to the pages on their way, a report that resolves adds up to the truth.
 * Each run damages a good report in one place; the read must reject, or give exactly the undamaged total.
 */
const SEED = 20261121;
const RUNS = 400;
const DAYS = 6;

interface Item {
  tokens: number;
  cents: number;
}

const truth = fc.array(
  fc.array(fc.record({ tokens: fc.nat({ max: 1_000_000 }), cents: fc.nat({ max: 10_000_000 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  { minLength: DAYS, maxLength: DAYS },
);
const damaged = fc.record({ days: truth, place: fc.nat(), kind: fc.constantFrom(...DAMAGES) });
const question = { fromMs: FROM_MS, toMs: FROM_MS + DAYS * DAY_MS };

interface Report {
  pagesOf(days: Item[][]): Json[];
  read(api: ReturnType<typeof serve>): Promise<bigint>;
  totalOf(item: Item): bigint;
  isDetectable(path: (string | number)[]): boolean;
}

async function outcomes({ pagesOf, read, totalOf, isDetectable }: Report) {
  let refused = 0;
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(damaged, async ({ days, place, kind }) => {
      const pages = pagesOf(days);
      const places = placesIn(pages).filter((path) => isDetectable(path));
      const path = places[place % places.length] ?? [0];
      const truthTotal = days.flat().reduce((sum, item) => sum + totalOf(item), 0n);
      try {
        const total = await read(serve(damage(pages, path, kind)));
        expect(total, `${kind} at ${path.join('.')}`).toBe(truthTotal);
        exact += 1;
      } catch (error) {
        if (!REFUSALS.has((error as { code?: string }).code ?? '')) throw error;
        refused += 1;
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  return { refused, exact };
}

/** The second: a page that tells of another refresh is asked for again, in vain. */
const REFUSALS = new Set(['TALLYGATE_REPORT_MALFORMED', 'TALLYGATE_PROVIDER_UNAVAILABLE']);

/** Families A and B. */
function bucketed(rowOf: (item: Item, model: string) => unknown): Pick<Report, 'pagesOf' | 'isDetectable'> {
  return {
    pagesOf(days) {
      const buckets = days.map((rows, day) =>
        bucket(
          FROM_MS + day * DAY_MS,
          rows.map((row, index) => rowOf(row, `model-${index}`)),
        ),
      );
      const split = [buckets.slice(0, 2), buckets.slice(2, 4), buckets.slice(4)];
      return split.map((data, page) =>
        page === 2 ? lastPage(data) : { data, has_more: true, next_page: `page_${page + 1}` },
      ) as Json[];
    },
    /**
     * A whole row that never was on the page, or a row list that was emptied, leaves a page that is well-formed in itself: only the
     * total of an ungrouped question can tell, and `runReconciliation` asks for it. Everything else must show here.
     */
    isDetectable: (path) => path.length > 5 || (path.at(-1) !== 'results' && path.at(-2) !== 'results'),
  };
}

/** Family D. Here it is rows of a page, not of a bucket, whose absence only a total can tell. */
function dated(
  rowOf: (item: Item) => Parameters<typeof analyticsRow>[2],
): Pick<Report, 'pagesOf' | 'isDetectable'> {
  return {
    pagesOf: (days) =>
      [0, 2, 4].map((first) => {
        const rows = days
          .slice(first, first + 2)
          .flatMap((items, offset) =>
            items.map((item, index) =>
              analyticsRow(FROM_MS + (first + offset) * DAY_MS, { model: `model-${index}` }, rowOf(item)),
            ),
          );
        return analyticsPage(rows, first === 4 ? {} : { next: `page_${first / 2 + 1}` });
      }) as Json[],
    isDetectable: (path) => path.at(-1) !== 'data' && path.at(-2) !== 'data',
  };
}

/** Family C: one day, a row per terminal. What is not on the page, or not in a row's list, only other reports can tell. */
function ofClaudeCode(): Pick<Report, 'pagesOf' | 'isDetectable'> {
  const rowOf = ({ tokens, cents }: Item, index: number) => ({
    date: new Date(FROM_MS).toISOString(),
    actor: { type: 'api_actor', api_key_name: 'ci' },
    ...{ organization_id: 'org', customer_type: 'api', subscription_type: null, is_remote: false },
    terminal_type: `terminal-${index}`,
    core_metrics: {
      ...{ num_sessions: 1, commits_by_claude_code: 0, pull_requests_by_claude_code: 0 },
      lines_of_code: { added: 1, removed: 0 },
    },
    tool_actions: { edit_tool: { accepted: 1, rejected: 0 } },
    model_breakdown: [
      {
        model: 'opus',
        tokens: { input: 0, output: tokens, cache_read: 0, cache_creation: 0 },
        estimated_cost: { currency: 'USD', amount: cents },
      },
    ],
  });
  const lists = ['data', 'model_breakdown'];
  return {
    pagesOf(days) {
      const rows = days.flat().map(rowOf);
      const [first, rest] = [rows.slice(0, 3), rows.slice(3)];
      return [{ data: first, has_more: true, next_page: 'page_1' }, lastPage(rest)] as Json[];
    },
    isDetectable: (path) => ![path.at(-1), path.at(-2)].some((step) => lists.includes(String(step))),
  };
}

const tokensOf = ({ tokens }: Item) => BigInt(tokens);
const picoOf = ({ cents }: Item) => BigInt(cents) * 10_000_000_000n + 5_000_000_000n;
const sumTokens = (buckets: UsageBucket[]) =>
  BigInt(buckets.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.usage.outputTokens, 0));
const sumPico = (buckets: CostBucket[]) =>
  buckets.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.amountPicoUsd, 0n);
const daily = { ...question, bucketWidth: '1d' as const, groupBy: ['model' as const] };

describe('a damaged report never gives a wrong total in silence', () => {
  it.each<[string, Report]>([
    [
      'usage_report/messages',
      {
        ...bucketed(({ tokens }, model) => usageRow({ model, output_tokens: tokens })),
        read: async (api) => sumTokens(await api.messagesUsage(daily)),
        totalOf: tokensOf,
      },
    ],
    [
      'cost_report',
      {
        ...bucketed(({ cents }, model) =>
          costRow({ amount: `${cents}.5`, description: `Line ${model}`, cost_type: 'tokens', model }),
        ),
        read: async (api) => sumPico(await api.costs({ ...question, groupBy: ['description'] })),
        totalOf: picoOf,
      },
    ],
    [
      'analytics/usage',
      {
        ...dated(({ tokens }) => ({ usage: { output_tokens: tokens } })),
        read: async (api) => sumTokens((await api.analyticsUsage(daily)).buckets),
        totalOf: tokensOf,
      },
    ],
    [
      'analytics/cost',
      {
        ...dated(({ cents }) => ({
          cost: { amount: `${cents}.5`, list_amount: `${cents}.5`, currency: 'USD', requests: 1 },
        })),
        read: async (api) => sumPico((await api.analyticsCost(daily)).buckets),
        totalOf: picoOf,
      },
    ],
    [
      'usage_report/claude_code',
      {
        ...ofClaudeCode(),
        async read(api) {
          const models = (await api.claudeCode(FROM_MS)).flatMap((row) => row.models);
          if (models.some((row) => row.estimatedCostPicoUsd === null)) throw unreadable();
          return models.reduce(
            (sum, row) => sum + BigInt(row.outputTokens) + (row.estimatedCostPicoUsd ?? 0n),
            0n,
          );
        },
        totalOf: ({ tokens, cents }) => BigInt(tokens) + BigInt(cents) * 10_000_000_000n,
      },
    ],
  ])(
    '%s',
    async (_report, report) => {
      const { refused, exact } = await outcomes(report);
      expect(refused).toBeGreaterThan(RUNS / 4);
      expect(exact).toBeGreaterThan(0);
    },
    60_000,
  );
});

/** An estimate in another currency is handed on as none, and is in no sum. */
function unreadable(): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: 'An estimate is not in USD.' });
}
