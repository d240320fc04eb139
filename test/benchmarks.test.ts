import { builtinPriceBook, charge } from '@tallygate/pricing';
import { NO_USAGE, type TokenUsage } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { withSection } from './bench/benchmarks-doc.ts';
import { gateSection } from './bench/gate-section.ts';
import { ledgerSection, monthSection } from './bench/ledger-section.ts';
import { meterSection } from './bench/meter-section.ts';
import { EXCHANGES, PRICED_AT_MS } from './bench/peers/exchanges.ts';
import { pinnedVersions } from './bench/peers/install-peers.ts';
import { verdictOf } from './bench/peers/judge.ts';
import { ourVerdicts } from './bench/peers/ours.ts';
import { PEERS } from './bench/peers/peers.ts';
import { reconcileSection } from './bench/reconcile-section.ts';

const chargeOf = (
  model: string,
  usage: Partial<TokenUsage>,
  served: { speed?: string; inferenceGeo?: string } = {},
) =>
  charge(builtinPriceBook, {
    model,
    backend: 'anthropic',
    atMs: PRICED_AT_MS,
    usage: { ...NO_USAGE, ...usage },
    serviceTier: 'standard',
    speed: served.speed ?? null,
    inferenceGeo: served.inferenceGeo ?? null,
    billed: true,
    unpricedModels: 'deny',
  }).listCostNanoUsd;

/** The same ten, from what was used to what it costs: by the price book and not by hand. */
const CHARGES: Record<string, bigint> = {
  'cache-lifetimes': chargeOf('claude-sonnet-5-5', {
    uncachedInputTokens: 1_200,
    cacheWrite5mInputTokens: 1_000,
    cacheWrite1hInputTokens: 2_000,
    outputTokens: 300,
  }),
  'cache-read': chargeOf('claude-fable-5-2', {
    uncachedInputTokens: 40,
    cacheReadInputTokens: 250_000,
    outputTokens: 500,
  }),
  'growing-usage': chargeOf('claude-opus-5-5', {
    uncachedInputTokens: 2_400,
    cacheReadInputTokens: 5_000,
    outputTokens: 410,
  }),
  'web-search': chargeOf('claude-sonnet-5-5', {
    uncachedInputTokens: 5_200,
    outputTokens: 640,
    webSearchRequests: 3,
  }),
  fallback:
    chargeOf('claude-fable-5-2', { uncachedInputTokens: 1_000 }) +
    chargeOf('claude-opus-5-5', { uncachedInputTokens: 1_000, outputTokens: 250 }),
  compaction: chargeOf('claude-opus-5', { uncachedInputTokens: 203_000, outputTokens: 4_500 }),
  'fast-mode': chargeOf(
    'claude-opus-5-5',
    { uncachedInputTokens: 2_000, outputTokens: 300 },
    { speed: 'fast' },
  ),
  'us-geography': chargeOf(
    'claude-sonnet-5-5',
    { uncachedInputTokens: 2_000, outputTokens: 300 },
    { inferenceGeo: 'us' },
  ),
  retry: chargeOf('claude-haiku-5-5', { uncachedInputTokens: 4_000, outputTokens: 150 }),
};

describe('the ten exchanges that peers are judged by', () => {
  it('are ten, and nine have one exact truth, which the price book confirms', () => {
    const truths = EXCHANGES.flatMap(({ name, truth }) =>
      'nanoUsd' in truth ? [[name, truth.nanoUsd]] : [],
    );
    expect(EXCHANGES).toHaveLength(10);
    expect(Object.fromEntries(truths)).toEqual(CHARGES);
  });

  it('bound the stream that was left by what was seen and by what could have come', () => {
    const left = EXCHANGES.find(({ name }) => name === 'left-stream');
    const outputTokens = (count: number) =>
      chargeOf('claude-opus-5-5', { uncachedInputTokens: 3_000, outputTokens: count });
    expect(left?.truth).toEqual({ atLeastNanoUsd: outputTokens(40), atMostNanoUsd: outputTokens(1_024) });
  });

  it('are each priced exactly by the meter', async () => {
    const verdicts = await ourVerdicts();
    expect(verdicts.filter(({ exact }) => !exact)).toEqual([]);
    expect(verdicts).toHaveLength(10);
  });
});

describe('a peer is judged by what it exported', () => {
  const [exchange] = EXCHANGES;
  if (!exchange) throw new Error('There are no exchanges.');
  const split = { cacheWrite5mInputTokens: 1_000, cacheWrite1hInputTokens: 2_000 };
  const tokens = { ...NO_USAGE, uncachedInputTokens: 1_200, outputTokens: 300 };
  const figures = { model: exchange.model, usage: { ...tokens, ...split }, costUsd: null };

  it('by its tokens where it records no money', () => {
    expect(verdictOf(exchange, [figures], []).exact).toBe(true);
    const unsplit = { ...figures, usage: { ...tokens, cacheWriteUnsplitInputTokens: 3_000 } };
    expect(verdictOf(exchange, [unsplit], [])).toMatchObject({ exact: false, foundNanoUsd: '12900000' });
  });

  it('by its money where it computes some, whatever its tokens say', () => {
    expect(verdictOf(exchange, [{ ...figures, costUsd: 0.0159 }], []).exact).toBe(true);
    expect(verdictOf(exchange, [{ ...figures, costUsd: 0.0158 }], []).exact).toBe(false);
  });

  it('as having found nothing where it recorded nothing', () => {
    expect(verdictOf(exchange, [], [])).toMatchObject({ exact: false, foundNanoUsd: '0', keepsUsage: false });
  });

  it('with a note where its record holds the provider’s usage, as an object or as text', () => {
    const usage = { inference_geo: 'us' };
    expect(verdictOf(exchange, [], [{ deep: { usage } }]).keepsUsage).toBe(true);
    expect(verdictOf(exchange, [], [{ text: JSON.stringify(usage) }]).keepsUsage).toBe(true);
  });
});

it('every peer is pinned to one version', () => {
  expect(PEERS.length).toBeGreaterThanOrEqual(2);
  for (const { name } of PEERS) expect(pinnedVersions()[name]).toMatch(/^\d+\.\d+\.\d+$/);
});

describe('docs/benchmarks.md', () => {
  it('takes the section of each bench and leaves the others alone', () => {
    const one = withSection('', 'meter', 'first');
    const two = withSection(withSection(one, 'gate', 'of the gate'), 'meter', 'second');
    expect(two).toContain('of the gate');
    expect(two).toContain('second');
    expect(two).not.toContain('first');
    expect(two.indexOf('of the gate')).toBeLessThan(two.indexOf('second'));
    expect(withSection(two, 'meter', 'second')).toBe(two);
  });

  it('shows what the gate costs as multiples of a PING of the same run', () => {
    const peer = { pairsPerSecond: 20_000, p50Micros: 50 };
    const section = gateSection(
      {
        pairsPerSecond: 10_000,
        serverMicrosPerPair: 55.5,
        reserveP50Micros: 60,
        pingP50Micros: 40,
        leasedAdmissionsPerSecond: 123_456,
        leasedRoundTripsPerCall: 0.002,
        peers: { rateLimiterFlexible: peer, plainIncrby: peer },
      },
      { measured: 'Measured.', load: 0.5 },
    );
    expect(section).toContain('| **tallygate**: reserve and settle | 10,000 | 60 µs | 1.50 |');
    expect(section).toContain('| plain INCRBY, up and down | 20,000 | 50 µs | 1.25 |');
    expect(section).toContain('123,456 attempts a second with 0.002 round');
  });

  it('holds goals against the month that they are set for, and says what a larger one takes beside it', () => {
    const month = { bytesPerRowHot: 75.4, bytesPerRowCold: 43.5 };
    const asked = { orgMonthByTeamMs: 12, allOrgsMonthMs: 600, lastTwoHoursMs: 60, rebuildHourMs: 300 };
    const drained = {
      appendMicrosPerEvent: 9,
      drainRowsPerSecond: 4,
      bareInsertRowsPerSecond: 3,
      ratio: 1.3,
    };
    const about = { measured: 'Measured.', loadAverage: 1 };
    const peaksMb = { ingest: 900, questions: 700 };
    const usual = ledgerSection(
      { ...drained, ...month, ...asked, peakMemoryMb: 900 },
      { ...about, rows: 10_000_000, ratioRows: 1_000_000, peaksMb },
    );
    expect(usual).toContain('| drain ÷ bare insert | 1.3 | ≥ 0.8 |');
    expect(usual).toContain('| largest size of a process, engine included | 900 MB | ≤ 1,024 |');
    expect(usual).toContain('asked 700 MB');
    const larger = monthSection({ ...month, ...asked, peakMemoryMb: 800 }, { ...about, rows: 100_000_000 });
    expect(larger).toContain('## The ledger at 100,000,000 rows a month');
    expect(larger).toContain('| a row on disk | 75.4 bytes |\n');
    expect(larger).not.toContain('≤');
    expect(larger).not.toContain('drain');
    const page = withSection(withSection('', 'ledger', usual), 'ledger-100000000', larger);
    expect(page).toContain(usual);
    expect(page.indexOf(usual)).toBeLessThan(page.indexOf(larger));
  });

  it('tells what a reconciliation computes from what it waits for', () => {
    const ledger = { ledgerCpuSeconds: 20, engineCpuSeconds: 11, ledgerWallSeconds: 25 };
    const waits = { ...ledger, providerCpuSeconds: 30.5, providerWallSeconds: 31, wallSeconds: 4.5 };
    const section = reconcileSection(
      { seconds: 4.25, ...waits, peakMemoryMb: 250, engineMemoryMb: 600 },
      { measured: 'Measured.', rows: 10_000_000, load: 1 },
    );
    expect(section).toContain('comparison, causes), CPU | 4.25 s | ≤ 5 |');
    expect(section).toContain('above that of the engine | 250 MB | ≤ 400 |');
    expect(section).toContain('10,000,000 rows');
  });

  it('has a row for us and for each peer, and a mark for each exchange', () => {
    const verdicts = EXCHANGES.map(({ name }, index) => ({
      exchange: name,
      foundNanoUsd: '0',
      exact: index === 0,
      keepsUsage: index === 1,
    }));
    const ratios = { streamCpuRatio: 1.5, bareAgainRatio: 1, exactOfTen: 1, verdicts };
    const peers = [{ ...ratios, name: 'a-peer', version: '1.2.3' }];
    const numbers = {
      chunksPerStream: 202,
      createAddedMicros: 1,
      heapGrowthMbPer100kStreams: 0,
      streamCpuRatioOverHttp: 1.1,
    };
    const section = meterSection({ ...numbers, ...ratios, peers }, '0.1.0', 'Measured.');
    expect(section).toContain(`| a-peer | 1.2.3 | 1.5 | 1 | 1 | ✓ | ○ |${' ✗ |'.repeat(8)}`);
    expect(section).toContain('| **tallygate** | 0.1.0 |');
  });
});
