import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY } from '@tallygate/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { clientOf, fault, type Report, reportsOf, started, type UsageRow } from './running-simulator.ts';

const START = '2026-11-19T00:00:00Z';
const END = '2026-11-22T00:00:00Z';
const EXTRA_USD = '0.010000000';
const API_KEYS = [
  { key: DEFAULT_API_KEY, id: 'apikey_one', workspaceId: null },
  { key: 'key-of-the-second-workspace', id: 'apikey_two', workspaceId: 'wrkspc_two' },
];

type Usage = Anthropic.Usage;
interface Served {
  model: string;
  usage: Usage;
}

/**
 * The bill as this test sees it: USD per million tokens, in the order input, write 5 minutes, write 1 hour, read, output.
 * Written down from the provider's price page a second time, so that a slip in the simulator's own table shows.
 */
const PRICES: Record<string, [string, string, string, string, string]> = {
  'claude-opus-5-5': ['4', '5', '8', '0.2', '20'],
  'claude-sonnet-5-5': ['2', '2.5', '4', '0.1', '10'],
  'claude-haiku-5-5': ['0.1', '0.125', '0.2', '0.01', '0.5'],
  'claude-haiku-5-5 long': ['0.5', '0.625', '1', '0.05', '2.5'],
  'claude-haiku-4-5-20251001': ['1', '1.25', '2', '0.1', '5'],
};

function micros(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

/** Of 10^-12 USD. */
function expectedPicoUsd({ model, usage }: Served): bigint {
  const read = usage.cache_read_input_tokens ?? 0;
  const write5m = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const isLong = model === 'claude-haiku-5-5' && usage.input_tokens + read + write5m + write1h > 100_000;
  const prices = PRICES[isLong ? `${model} long` : model] ?? ['0', '0', '0', '0', '0'];
  const counts = [usage.input_tokens, write5m, write1h, read, usage.output_tokens];
  const tokens = counts.reduce(
    (sum, count, column) => sum + BigInt(count) * micros(prices[column] ?? '0'),
    0n,
  );
  const inUs = usage.inference_geo === 'us' ? (tokens * 11n) / 10n : tokens;
  return inUs + BigInt(usage.server_tool_use?.web_search_requests ?? 0) * 10_000_000_000n;
}

/** Cents carry ten digits below the point. */
function picoFromCents(amount: string): bigint {
  const [whole = '', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(10, '0'));
}

const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

async function traffic(extraBilledUsd = '0') {
  let nowMs = Date.parse('2026-11-19T10:00:00Z');
  const running = await started({ nowMs: () => nowMs, apiKeys: API_KEYS, eventDelayMs: 0, extraBilledUsd });
  const clients = API_KEYS.map(({ key }) => clientOf(running, { apiKey: key }));
  const served: Served[] = [];
  const text = { type: 'text' as const, text: 'x'.repeat(6_000) };
  const hour = { type: 'ephemeral' as const, ttl: '1h' as const };
  const system = [{ ...text, cache_control: { type: 'ephemeral' as const } }];
  const search = { type: 'web_search_20250305' as const, name: 'web_search' as const };
  const long = 'y'.repeat(260_000);
  const shapes: Partial<Anthropic.MessageCreateParamsNonStreaming>[] = [
    {},
    { system },
    { model: 'claude-sonnet-5-5', inference_geo: 'us', system: [{ ...text, cache_control: hour }] },
    // The second one of its round and workspace: it reads what the first one wrote.
    { system },
    { model: 'claude-haiku-4-5' },
    { model: 'claude-haiku-5-5', tools: [search] },
    { model: 'claude-haiku-5-5', messages: [{ role: 'user', content: long }] },
  ];
  for (let round = 0; round < 12; round += 1) {
    for (const [index, shape] of shapes.entries()) {
      const client = clients[(round + index) % 2];
      if (client === undefined) throw new Error('no client');
      const messages = [{ role: 'user' as const, content: `round ${round}` }];
      const message = await client.messages.create({
        model: 'claude-opus-5-5',
        max_tokens: 200,
        messages,
        ...shape,
      });
      served.push({ model: message.model, usage: message.usage });
      await client.messages
        .create({ model: 'claude-opus-5-5', max_tokens: 9, messages }, fault('529'))
        .catch(() => {});
    }
    // About five hours: the rounds reach over three days and never fall on a full hour.
    nowMs += 4.9 * 3_600_000;
  }
  return { running, served, reports: reportsOf(running) };
}

let lived: Awaited<ReturnType<typeof traffic>>;
beforeEach(async () => {
  lived = await traffic();
});

const RANGE = { starting_at: START, ending_at: END };

function totals(report: Report<UsageRow>) {
  const rows = report.data.flatMap(({ results }) => results);
  const add = (of: (row: UsageRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    uncached: add((row) => row.uncached_input_tokens),
    write5m: add((row) => row.cache_creation.ephemeral_5m_input_tokens),
    write1h: add((row) => row.cache_creation.ephemeral_1h_input_tokens),
    read: add((row) => row.cache_read_input_tokens),
    output: add((row) => row.output_tokens),
    searches: add((row) => row.server_tool_use.web_search_requests),
  };
}

async function everyPage<Row>(ask: (query: Record<string, unknown>) => Promise<Report<Row>>, query: object) {
  const pages: Report<Row>[] = [];
  let page: string | null = null;
  do {
    const next: Report<Row> = await ask({ ...query, ...(page === null ? {} : { page }) });
    pages.push(next);
    page = next.next_page;
  } while (page !== null);
  return { pages: pages.length, data: pages.flatMap(({ data }) => data), has_more: false, next_page: null };
}

describe('the reports of what was served', () => {
  it('count every token that the answers named, and none of the failed calls', async () => {
    const { reports, served } = lived;
    const usages = served.map(({ usage }) => usage);
    const add = (of: (usage: Usage) => number | null | undefined) =>
      usages.reduce((total, usage) => total + (of(usage) ?? 0), 0);
    expect(totals(await reports.usage(RANGE))).toEqual({
      uncached: add((usage) => usage.input_tokens),
      write5m: add((usage) => usage.cache_creation?.ephemeral_5m_input_tokens),
      write1h: add((usage) => usage.cache_creation?.ephemeral_1h_input_tokens),
      read: add((usage) => usage.cache_read_input_tokens),
      output: add((usage) => usage.output_tokens),
      searches: add((usage) => usage.server_tool_use?.web_search_requests),
    });
    // Every class occurs: a report that lost one would not agree by both being zero.
    for (const count of Object.values(totals(await reports.usage(RANGE)))) expect(count).toBeGreaterThan(0);
  });

  it('have the same totals however they are grouped', async () => {
    const { reports } = lived;
    const ungrouped = totals(await reports.usage(RANGE));
    const groups = ['api_key_id', 'workspace_id', 'model', 'inference_geo', 'context_window', 'service_tier'];
    for (const group of groups) {
      expect(totals(await reports.usage({ ...RANGE, group_by: [group] }))).toEqual(ungrouped);
    }
    expect(totals(await reports.usage({ ...RANGE, group_by: groups.slice(0, 5) }))).toEqual(ungrouped);
  });

  it('sum from minutes over hours to days', async () => {
    const { reports } = lived;
    const days = await reports.usage({ ...RANGE, group_by: ['model'] });
    for (const width of ['1h', '1m']) {
      const query = {
        ...RANGE,
        bucket_width: width,
        group_by: ['model'],
        limit: width === '1h' ? 168 : 1_440,
      };
      const fine = await everyPage(reports.usage, query);
      expect(fine.data).toHaveLength(width === '1h' ? 72 : 4_320);
      for (const day of days.data) {
        const within = fine.data.filter(
          ({ starting_at }) => starting_at >= day.starting_at && starting_at < day.ending_at,
        );
        expect(totals({ ...fine, data: within })).toEqual(totals({ ...days, data: [day] }));
      }
    }
  });

  it('say the same page by page as on one page', async () => {
    const { reports } = lived;
    const query = { ...RANGE, bucket_width: '1h', group_by: ['model', 'api_key_id'] };
    const whole = await everyPage(reports.usage, { ...query, limit: 168 });
    const small = await everyPage(reports.usage, { ...query, limit: 5 });
    expect([whole.pages, small.pages]).toEqual([1, 15]);
    expect(small.data).toEqual(whole.data);
  });

  it('bill exactly usage times price, recomputed from the answers alone', async () => {
    const { reports, served, running } = lived;
    const expected = sum(served.map(expectedPicoUsd));
    const { data } = await reports.cost(RANGE);
    expect(data.map(({ results }) => results.length)).toEqual([1, 1, 1]);
    expect(sum(data.flatMap(({ results }) => results.map(({ amount }) => picoFromCents(amount))))).toBe(
      expected,
    );
    // USD here, cents there: two places apart.
    const [whole = '', fraction = ''] = running.simulator.served().billedUsd.split('.');
    expect(BigInt(whole + fraction.padEnd(12, '0'))).toBe(expected);
  });

  it('bill the same amount however the lines are grouped', async () => {
    const { reports } = lived;
    const amount = async (query: object) => {
      const { data } = await reports.cost({ ...RANGE, ...query });
      return sum(data.flatMap(({ results }) => results.map((row) => picoFromCents(row.amount))));
    };
    const ungrouped = await amount({});
    expect(await amount({ group_by: ['description'] })).toBe(ungrouped);
    expect(await amount({ group_by: ['workspace_id'] })).toBe(ungrouped);
    expect(await amount({ group_by: ['workspace_id', 'description'] })).toBe(ungrouped);
  });

  it('carry an extra amount in the bill only: the tokens do not explain it', async () => {
    const padded = await traffic(EXTRA_USD);
    expect(padded.served.map(({ usage }) => usage)).toEqual(lived.served.map(({ usage }) => usage));
    expect((await padded.reports.usage(RANGE)).data).toEqual((await lived.reports.usage(RANGE)).data);
    const { data } = await padded.reports.cost({ ...RANGE, group_by: ['description'] });
    const billed = sum(data.flatMap(({ results }) => results.map((row) => picoFromCents(row.amount))));
    expect(billed - sum(padded.served.map(expectedPicoUsd))).toBe(10_000_000_000n);
  });

  it('are closed to a key of a workspace', async () => {
    const { url } = lived.running;
    const client = new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: url, maxRetries: 0 });
    const ask = client.get('/v1/organizations/cost_report', { query: RANGE });
    await expect(ask).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  });
});
