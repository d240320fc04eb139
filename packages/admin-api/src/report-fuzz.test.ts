import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucket,
  costRow,
  DAY_MS,
  FROM_MS,
  fakeProvider,
  lastPage,
  usageRow,
} from './testing/fake-provider.ts';

/**
 * The one promise that matters: whatever happens to the pages on their way, a report that resolves adds up to the truth.
 * Each run damages a good report in one place; the read must reject, or give exactly the undamaged total.
 */
const SEED = 20261121;
const RUNS = 400;
const DAYS = 6;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const truth = fc.array(
  fc.array(fc.record({ tokens: fc.nat({ max: 1_000_000 }), cents: fc.nat({ max: 10_000_000 }) }), {
    maxLength: 3,
  }),
  { minLength: DAYS, maxLength: DAYS },
);

function pagesOf(
  days: { tokens: number; cents: number }[][],
  rowOf: (item: { tokens: number; cents: number }, model: string) => unknown,
) {
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
}

/** Every place in the pages that can be damaged. */
function placesIn(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [
    ...(path.length > 0 ? [path] : []),
    ...entries.flatMap(([name, item]) => placesIn(item, [...path, name])),
  ];
}

type Damage = 'drop' | 'null' | 'retype' | 'repeat' | 'reverse' | 'truncate';
const DAMAGES: Damage[] = ['drop', 'null', 'retype', 'repeat', 'reverse', 'truncate'];

function damage(pages: Json[], path: (string | number)[], kind: Damage): Json[] {
  const copy = structuredClone(pages) as Json[];
  let parent = copy as unknown as Record<string | number, Json>;
  for (const step of path.slice(0, -1)) parent = parent[step] as unknown as Record<string | number, Json>;
  const last = path.at(-1) as string | number;
  const value = parent[last] as Json;
  if (kind === 'drop') {
    if (Array.isArray(parent)) parent.splice(last as number, 1);
    else delete parent[last];
  } else if (kind === 'repeat' && Array.isArray(parent))
    parent.splice(last as number, 0, structuredClone(value));
  else if (kind === 'reverse' && Array.isArray(value)) value.reverse();
  else if (kind === 'truncate' && Array.isArray(value)) value.pop();
  else if (kind === 'retype') parent[last] = retyped(value);
  else parent[last] = null;
  return copy;
}

function retyped(value: Json): Json {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return /^[\d.]+$/.test(value) ? Number(value) : [value];
  return typeof value === 'boolean' ? String(value) : { value };
}

/** A served page is taken by its cursor, so that a damaged cursor leads nowhere. */
function serve(pages: Json[]) {
  return fakeProvider(({ query }) => {
    const cursor = query.get('page');
    return pages[cursor === null ? 0 : Number(cursor.replace('page_', ''))] ?? {};
  }).adminApi;
}

const damaged = fc.record({ days: truth, place: fc.nat(), kind: fc.constantFrom(...DAMAGES) });
const question = { fromMs: FROM_MS, toMs: FROM_MS + DAYS * DAY_MS };

async function outcomes(
  rowOf: (item: { tokens: number; cents: number }, model: string) => unknown,
  read: (api: ReturnType<typeof serve>) => Promise<bigint>,
  totalOf: (item: { tokens: number; cents: number }) => bigint,
) {
  let refused = 0;
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(damaged, async ({ days, place, kind }) => {
      const pages = pagesOf(days, rowOf);
      const places = placesIn(pages).filter((path) => isDetectable(path));
      const path = places[place % places.length] ?? [0];
      const truthTotal = days.flat().reduce((sum, item) => sum + totalOf(item), 0n);
      try {
        const total = await read(serve(damage(pages, path, kind)));
        expect(total, `${kind} at ${path.join('.')}`).toBe(truthTotal);
        exact += 1;
      } catch (error) {
        if ((error as { code?: string }).code !== 'TALLYGATE_REPORT_MALFORMED') throw error;
        refused += 1;
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  return { refused, exact };
}

/**
 * A whole row that never was on the page, or a row list that was emptied, leaves a page that is well-formed in itself: only the
 * total of an ungrouped question can tell, and `runReconciliation` asks for it. Everything else must show here.
 */
function isDetectable(path: (string | number)[]): boolean {
  return path.length > 5 || (path.at(-1) !== 'results' && path.at(-2) !== 'results');
}

describe('a damaged report never gives a wrong total in silence', () => {
  it('usage_report/messages', async () => {
    const result = await outcomes(
      ({ tokens }, model) => usageRow({ model, output_tokens: tokens }),
      async (api) => {
        const buckets = await api.messagesUsage({ ...question, bucketWidth: '1d', groupBy: ['model'] });
        return BigInt(
          buckets.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.usage.outputTokens, 0),
        );
      },
      ({ tokens }) => BigInt(tokens),
    );
    expect(result.refused).toBeGreaterThan(RUNS / 4);
    expect(result.exact).toBeGreaterThan(0);
  });

  it('cost_report', async () => {
    const result = await outcomes(
      ({ cents }, model) =>
        costRow({ amount: `${cents}.5`, description: `Line ${model}`, cost_type: 'tokens', model }),
      async (api) => {
        const buckets = await api.costs({ ...question, groupBy: ['description'] });
        return buckets.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.amountPicoUsd, 0n);
      },
      ({ cents }) => BigInt(cents) * 10_000_000_000n + 5_000_000_000n,
    );
    expect(result.refused).toBeGreaterThan(RUNS / 4);
    expect(result.exact).toBeGreaterThan(0);
  });
});
