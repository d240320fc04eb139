import type { UsageStore } from '@tallygate/ledger';
import {
  NANO_USD_MAX,
  newAttemptId,
  type SettledSelection,
  type Settlement,
  SPEND_DIMENSIONS,
  type SpendQuery,
  type SpendRow,
  type UsageEvent,
} from '@tallygate/usage';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { naiveSpend } from './naive-spend.ts';
import {
  anyEvent,
  denialRecord,
  START_MS,
  segmentOf,
  settlement,
  usageEvent,
  usageLine,
} from './usage-fixtures.ts';

/** What every usage store promises. `store()` answers one that may hold other organizations' rows; each test has its own. */
export function describeUsageStore(name: string, store: () => UsageStore): void {
  describe(`usage store: ${name}`, () => {
    let organization = '';
    let organizations = 0;
    beforeEach(() => {
      organizations += 1;
      organization = `org-${process.pid}-${Date.now()}-${organizations}`;
    });

    const event = (changes: Partial<UsageEvent> = {}) => usageEvent({ organization, ...changes });
    const year = () => ({ organization, fromMs: Date.UTC(2026, 0), toMs: Date.UTC(2027, 0) });
    const spend = (query: Partial<SpendQuery> = {}) =>
      store().spend({ ...year(), by: 'budget', groupBy: [], ...query });
    const total = async (query: Partial<SpendQuery> = {}) => (await spend(query))[0];

    it('stores a segment that is sent twice once', async () => {
      const segment = segmentOf([event(), event()], {
        settlements: [settlement({ organization })],
        denials: [denialRecord({ organization })],
      });
      await store().store(segment);
      await store().store(segment);
      const expected = { events: 2, lines: 2, duplicates: 0, settlements: 1, denials: 1 };
      expect(await store().counts(year())).toEqual(expected);
    });

    it('completes a segment of which only a part had arrived', async () => {
      const whole = segmentOf([event()], { settlements: [settlement({ organization })] });
      await store().store({ ...whole, settlements: [] });
      await store().store(whole);
      expect(await store().counts(year())).toMatchObject({ events: 1, duplicates: 0, settlements: 1 });
    });

    it('sums one copy of each line when the same rows arrive under two tokens', async () => {
      const events = [event(), event({ lines: [usageLine(), usageLine({ line: 1 })] })];
      await store().store(segmentOf(events));
      await store().store(segmentOf(events));
      expect(await total()).toMatchObject({ attempts: 2, contractedCostNanoUsd: 1_800_000n });
      expect(await store().counts(year())).toMatchObject({ events: 2, lines: 3 });
    });

    it('keeps a fact that arrives right after another under its own token: no setting of an insert outlives it', async () => {
      const segments = Array.from({ length: 5 }, () => segmentOf([event()]));
      for (const segment of segments) await store().store(segment);
      await store().saveReport(report('r1'));
      await store().saveReport(report('r2'));
      expect(await store().counts(year())).toMatchObject({ events: 5 });
      expect(await store().lastReports(organization)).toMatchObject([{ reportId: 'r2' }]);
    });

    it('keeps what comes after a segment that failed', async () => {
      const tooLarge = event({ lines: [usageLine({ listCostNanoUsd: NANO_USD_MAX + 1n })] });
      await expect(store().store(segmentOf([event(), tooLarge]))).rejects.toMatchObject({
        code: 'TALLYGATE_REQUEST_INVALID',
      });
      await store().store(segmentOf([event()]));
      expect(await store().counts(year())).toMatchObject({ events: 1 });
    });

    it('takes fifty segments at once, each under its own token, and each once when all are sent again', async () => {
      const segments = Array.from({ length: 50 }, () => segmentOf([event()]));
      await Promise.all(segments.map((segment) => store().store(segment)));
      await Promise.all(segments.map((segment) => store().store(segment)));
      expect(await store().counts(year())).toMatchObject({ events: 50, duplicates: 0 });
    });

    it('takes a text that was cut in the middle of a character, and what comes with it', async () => {
      const cut = 'Zürich 🧾'.slice(0, 8);
      const attribution = { ...usageEvent().attribution, feature: cut, tags: { region: cut, [cut]: 'x' } };
      await store().store(segmentOf([event({ attribution, requestId: '\udc00' }), event()]));
      const rows = await spend({ groupBy: ['feature'] });
      expect(rows.map(({ group }) => group.feature).sort()).toEqual(['Zürich \ufffd', 'ticket-summary']);
    });

    it('refuses a token that could leave its literal', async () => {
      for (const token of ["x'", '', 'a b', 'x'.repeat(201), "',max_threads=1,x='"]) {
        await expect(store().store(segmentOf([event()], { token }))).rejects.toMatchObject({
          code: 'TALLYGATE_REQUEST_INVALID',
        });
      }
      expect(await store().counts(year())).toMatchObject({ events: 0 });
    });

    it('holds and sums the whole Int64 range', async () => {
      const lines = [NANO_USD_MAX, NANO_USD_MAX, -(2n ** 63n)].map((amount, line) =>
        usageLine({ line, listCostNanoUsd: amount, contractedCostNanoUsd: amount }),
      );
      await store().store(
        segmentOf([event({ lines: [usageLine({ contractedCostNanoUsd: 2n ** 53n + 1n })] })]),
      );
      expect(await total()).toMatchObject({ contractedCostNanoUsd: 2n ** 53n + 1n });
      await store().store(segmentOf([event({ lines })]));
      expect(await total()).toMatchObject({ contractedCostNanoUsd: 2n ** 53n + NANO_USD_MAX });
      await store().store(segmentOf([event({ lines: lines.slice(0, 2) })]));
      expect(await total()).toMatchObject({ contractedCostNanoUsd: 2n ** 53n + 3n * NANO_USD_MAX });
    });

    it('counts an event in [from, to) by the instant that was asked for', async () => {
      const late = event({ budgetInstantMs: START_MS - 1, startedAtMs: START_MS - 1, endedAtMs: START_MS });
      await store().store(segmentOf([late]));
      const hour = { fromMs: START_MS, toMs: START_MS + 1 };
      expect(await total({ ...hour, by: 'ended' })).toMatchObject({ attempts: 1 });
      expect(await spend({ ...hour, by: 'budget' })).toEqual([]);
      expect(await total({ fromMs: START_MS - 1, toMs: START_MS })).toMatchObject({ attempts: 1 });
      expect(await spend({ fromMs: START_MS - 1, toMs: START_MS, by: 'ended' })).toEqual([]);
    });

    it('never shows one organization what belongs to another', async () => {
      const other = `${organization}-b`;
      await store().store(segmentOf([event(), event({ organization: other })]));
      expect(await total()).toMatchObject({ attempts: 1 });
      expect(await spend({ organization: other })).toHaveLength(1);
      expect(await spend({ organization: "' OR 1=1 --" })).toEqual([]);
    });

    it('sums exactly as adding up the events one by one does, by any dimensions and whatever arrived twice', async () => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyEvent, { minLength: 1, maxLength: 30 }),
          fc.uniqueArray(fc.constantFrom(...SPEND_DIMENSIONS), { maxLength: 4 }),
          fc.constantFrom('ended' as const, 'budget' as const),
          async (drawn, groupBy, by) => {
            runs += 1;
            const owner = `${organization}-${runs}`;
            const events = drawn.map((item) => ({ ...item, organization: owner }));
            await store().store(segmentOf(events));
            await store().store(segmentOf(events.filter((_, index) => index % 3 === 0)));
            const query = {
              organization: owner,
              fromMs: START_MS,
              toMs: START_MS + 20 * 86_400_000,
              by,
              groupBy,
              ...(groupBy.includes('tag') ? { tagKey: 'region' } : {}),
            };
            const expected = sorted(naiveSpend(events, query));
            expect(sorted(await store().spend(query))).toEqual(expected);
            if (runs % 4 !== 0) return;
            await store().addUp();
            expect(sorted(await store().spend(query))).toEqual(expected);
          },
        ),
        { numRuns: 40, seed: 20261121 },
      );
    });

    it('refuses a dimension it does not know, and never answers 0 for it', async () => {
      const query = { ...year(), by: 'budget', groupBy: ['shoeSize'] } as unknown as SpendQuery;
      await expect(store().spend(query)).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    });

    describe('what a lost gate is rebuilt from', () => {
      const DAY_MS = 86_400_000;
      const settle = (seq: number, changes: Partial<Settlement> = {}) =>
        settlement({ organization, seq, ...changes });
      const entry = (key: string, amount: bigint) => ({ key, amount });
      const totals = async () => store().settledTotals(organization);
      const all = `a:month:${START_MS - DAY_MS}`;
      const users = `per-user:month:${START_MS - DAY_MS}`;

      it('is nothing before the first settlement', async () => {
        expect(await totals()).toEqual({ lastSeq: 0, totals: [] });
      });

      it('is the sum per key of settlements and adjustments, and the highest number', async () => {
        const daily = `b:day:${START_MS}`;
        const day = (amount: bigint) => [entry(all, amount), entry(daily, 1n)];
        const settlements = [
          settle(1, { entries: day(NANO_USD_MAX) }),
          settle(7, { entries: day(-5n), kind: 'adjust' }),
          settle(3, { entries: [], kind: 'release' }),
        ];
        await store().store(segmentOf([], { settlements }));
        expect(await totals()).toEqual({
          lastSeq: 7,
          totals: [entry(all, NANO_USD_MAX - 5n), entry(daily, 2n)],
        });
      });

      it('counts an attempt once that was settled under two epochs, and every adjustment of it', async () => {
        const attemptId = newAttemptId();
        const entries = [entry(all, 10n)];
        const again = { attemptId, entries, epoch: 'e2', settledAtMs: START_MS + 9_000 };
        const settlements = [
          settle(1, { attemptId, entries }),
          settle(2, again),
          settle(3, { ...again, kind: 'adjust' }),
          settle(4, { ...again, kind: 'adjust' }),
        ];
        await store().store(segmentOf([], { settlements }));
        await store().store(segmentOf([], { settlements }));
        expect((await totals()).totals).toEqual([entry(all, 30n)]);
        expect(await store().counts(year())).toMatchObject({ settlements: 4 });
      });

      it('leaves out periods that are over, and sums a living one from its first day', async () => {
        const ago = (days: number) => START_MS - days * DAY_MS;
        const keys = { month: `a:month:${ago(30)}`, year: `a:year:${ago(365)}`, day: `a:day:${ago(4)}` };
        const over = [`a:month:${ago(36)}`, `a:quarter:${ago(97)}`, `a:year:${ago(371)}`];
        const settlements = [
          settle(1, {
            budgetInstantMs: ago(365),
            entries: [entry(keys.year, 4_000n), entry(over[0] ?? '', 1n)],
          }),
          settle(2, { budgetInstantMs: ago(30), entries: [entry(keys.month, 20n), entry(keys.year, 20n)] }),
          settle(3, {
            budgetInstantMs: ago(1),
            entries: [entry(keys.month, 300n), entry(over[1] ?? '', 1n)],
          }),
          settle(4, { budgetInstantMs: ago(0), entries: [entry(keys.day, 5n), entry(over[2] ?? '', 1n)] }),
        ];
        await store().store(segmentOf([], { settlements }));
        expect(await totals()).toEqual({
          lastSeq: 4,
          totals: [entry(keys.month, 320n), entry(keys.year, 4_020n)],
        });
      });

      it('of the parts of a rolling window holds those that count, also by a clock that is an hour behind', async () => {
        const partMs = 1_440 * 1_000;
        const keyOf = (before: number) => `a:rolling-1440m:${START_MS + DAY_MS - before * partMs}`;
        const [now, last, behind, out] = [keyOf(0), keyOf(60), keyOf(62), keyOf(65)];
        const entries = [now, last, behind, out].map((key) => entry(key, 1n));
        await store().store(segmentOf([], { settlements: [settle(1, { entries })] }));
        const found = (await totals()).totals.map(({ key }) => key);
        expect(found.sort()).toEqual([now, last, behind].sort());
      });

      it('of single values only where they are wanted: all, those that are named, or those that were charged most', async () => {
        const values = ['u-1', 'u-2', 'u%3A3', 'u-4'].map((value) => `${users}:${value}`);
        const amounts = [5n, 40n, NANO_USD_MAX, 40n];
        const settlements = values.map((key, index) =>
          settle(index + 1, { entries: [entry(all, 1n), entry(key, amounts[index] ?? 0n)] }),
        );
        await store().store(segmentOf([], { settlements }));
        const [first = '', second = '', third = '', fourth = ''] = values;
        const wanted = (selection?: SettledSelection) => store().settledTotals(organization, selection);
        expect(await wanted()).toEqual({ lastSeq: 4, totals: [entry(all, 4n)] });
        expect((await wanted({ every: true })).totals).toEqual([
          entry(all, 4n),
          ...[entry(third, NANO_USD_MAX), entry(first, 5n), entry(second, 40n), entry(fourth, 40n)],
        ]);
        expect((await wanted({ keys: [second, 'gone:month:1'] })).totals).toEqual([entry(second, 40n)]);
        const most = await wanted({ valuesOf: users, atMost: 2 });
        expect(most).toEqual({
          lastSeq: 4,
          values: 4,
          totals: [entry(third, NANO_USD_MAX), entry(second, 40n)],
        });
        expect(await wanted({ valuesOf: 'other:month:1', atMost: 2 })).toEqual({
          lastSeq: 4,
          values: 0,
          totals: [],
        });
      });
    });

    it('lists the numbers that no settlement of an epoch has, whatever arrived twice and in whatever order', async () => {
      const settled = (epoch: string, seq: number) =>
        settlement({ organization, epoch, seq, settledAtMs: START_MS + seq });
      const settlements = [7, 1, 2, 4].map((seq) => settled('e1', seq));
      await store().store(segmentOf([], { settlements: [...settlements, settled('e2', 40)] }));
      await store().store(segmentOf([], { settlements }));
      await store().store(segmentOf([], { settlements: [settled('drift', 1), settled('drift', 9)] }));
      const range = { organization, fromMs: START_MS, toMs: START_MS + 100 };
      const gap = (fromSeq: number, toSeq: number) => ({
        epoch: 'e1',
        fromSeq,
        toSeq,
        beforeMs: START_MS + fromSeq - 1,
        afterMs: START_MS + toSeq + 1,
      });
      expect(await store().settlementGaps(range)).toEqual([gap(3, 3), gap(5, 6)]);
      expect(await store().settlementGaps({ ...range, toMs: START_MS + 4 })).toEqual([]);
    });

    it('keeps the newest report and the newest configuration, whole', async () => {
      expect(await store().lastReports(organization)).toEqual([]);
      expect(await store().lastConfigVersion(organization)).toBeNull();
      await store().saveReport({
        ...report('new'),
        createdAtMs: START_MS + 1,
        body: { lines: ["it's", '\\', 1.5] },
      });
      await store().saveReport(report('old'));
      const lab = { ...report('of another bill'), providerOrganizationId: 'lab' };
      await store().saveReport(lab);
      expect(await store().lastReports(organization)).toEqual([
        { ...report('new'), createdAtMs: START_MS + 1, body: { lines: ["it's", '\\', 1.5] } },
        lab,
      ]);
      const range = { fromMs: START_MS, toMs: START_MS + 2 };
      expect(await store().lastReports(organization, range)).toEqual([]);
      for (const version of [9, 10, 2]) await store().saveConfigVersion(configVersion(version));
      expect(await store().lastConfigVersion(organization)).toEqual({
        ...configVersion(10),
        after: { version: 10, limit: '9223372036854775807' },
      });
    });

    it('finds a denial by its id as it was recorded, and the publication that was in force', async () => {
      const denial = denialRecord({ organization, reason: 'velocity', median: 7n, configVersion: 12 });
      const amounts = { limit: 7n, spent: 5n, held: -1n, needed: 3n };
      const pool = { budgetId: 'shared', ...amounts };
      const olderVersion = denialRecord({ organization, enforced: false, pool });
      await store().store(segmentOf([], { denials: [denial, olderVersion] }));
      await store().saveConfigVersion(configVersion(12));
      const find = ({ denialId }: { denialId: string }) => store().denial({ organization, denialId });
      expect(await find(denial)).toEqual(denial);
      expect(await find(olderVersion)).toEqual(olderVersion);
      expect(await find({ denialId: "none' OR 1" })).toBeNull();
      expect(await store().configVersion({ organization, version: 12 })).toMatchObject({ version: 12 });
      expect(await store().configVersion({ organization, version: 13 })).toBeNull();
    });

    it('lists what nobody understood, by field and short value, each attempt once whatever arrived twice', async () => {
      const later = { endedAtMs: START_MS + 9_000 };
      const seen = event({
        unknownUsage: {
          'cache_creation.ephemeral_1d_input_tokens': 7,
          service_tier: 'ultra',
          note: 'x'.repeat(80),
        },
        lines: [usageLine(), usageLine({ line: 1 })],
      });
      const events = [
        seen,
        event({ ...later, unknownUsage: { service_tier: 'ultra', 'iterations.cost': [1, { a: 'b' }] } }),
        event({ unknownUsage: { service_tier: 'flex' } }),
        event(),
      ];
      await store().store(segmentOf(events));
      await store().store(segmentOf([seen]));
      await store().store(
        segmentOf([usageEvent({ organization: `${organization}-b`, unknownUsage: { x: 1 } })]),
      );
      const range = { organization, fromMs: START_MS, toMs: START_MS + 10_000 };
      const endedAtMs = START_MS + 1_500;
      const once = { value: '', attempts: 1, firstSeenMs: endedAtMs, lastSeenMs: endedAtMs };
      expect(await store().unknownUsage(range)).toEqual([
        { ...once, field: 'cache_creation.ephemeral_1d_input_tokens' },
        { ...once, field: 'iterations.cost', firstSeenMs: later.endedAtMs, lastSeenMs: later.endedAtMs },
        { ...once, field: 'note' },
        { ...once, field: 'service_tier', value: 'flex' },
        { ...once, field: 'service_tier', value: 'ultra', attempts: 2, lastSeenMs: later.endedAtMs },
      ]);
      expect(await store().unknownUsage({ ...range, toMs: endedAtMs })).toEqual([]);
    });

    it('compares what attempts were admitted by with what they were charged, each once; corrections and guesses are left out', async () => {
      const estimate = { expectedNanoUsd: 100n, worstNanoUsd: 1_000n, maxOutputTokens: 1_500 };
      const charged = (contractedCostNanoUsd: bigint, line = 0) => usageLine({ line, contractedCostNanoUsd });
      const within = event({ estimate, lines: [charged(60n), charged(30n, 1)] });
      const events = [
        within,
        event({ estimate: { ...estimate, maxOutputTokens: 2_047 }, lines: [charged(101n)] }),
        event({
          estimate: { ...estimate, maxOutputTokens: 2_048 },
          lines: [charged(700n), charged(301n, 1)],
        }),
        event({ estimate, basis: 'estimated', lines: [charged(5_000n)] }),
        event({ lines: [charged(5_000n)] }),
      ];
      await store().store(segmentOf(events));
      const correction = { ...within, estimate: undefined, lines: [charged(7_000n, 1_000)] };
      await store().store(segmentOf([within, correction]));
      const { requestModel, attribution } = within;
      const kind = { team: attribution.team, feature: attribution.feature, requestModel };
      const range = { organization, fromMs: START_MS - 3_600_000, toMs: START_MS + 3_600_000 };
      expect(await store().estimates(range)).toEqual([
        {
          ...{ ...kind, maxOutputTokensFrom: 2_048, attempts: 1, leftOutAttempts: 0 },
          ...{ expectedNanoUsd: 100n, worstNanoUsd: 1_000n, chargedNanoUsd: 1_001n },
          ...{ aboveExpected: 1, aboveWorst: 1 },
        },
        {
          ...{ ...kind, maxOutputTokensFrom: 1_024, attempts: 2, leftOutAttempts: 1 },
          ...{ expectedNanoUsd: 200n, worstNanoUsd: 2_000n, chargedNanoUsd: 191n },
          ...{ aboveExpected: 1, aboveWorst: 0 },
        },
      ]);
    });

    it('refuses to be asked about instants that are none', async () => {
      await expect(spend({ fromMs: Number.NaN })).rejects.toMatchObject({
        code: 'TALLYGATE_REQUEST_INVALID',
      });
      await expect(spend({ fromMs: 1.5 })).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    });

    const report = (reportId: string) => ({
      reportId,
      organization,
      providerOrganizationId: '',
      kind: 'reconciliation' as const,
      fromMs: START_MS,
      toMs: START_MS + 1,
      createdAtMs: START_MS,
      body: null as unknown,
    });
    const configVersion = (version: number) => ({
      organization,
      version,
      actor: 'ada@example.com',
      reason: 'more tickets\nin October',
      publishedAtMs: START_MS,
      before: null,
      after: { version, limit: NANO_USD_MAX },
    });
  });
}

function sorted(rows: SpendRow[]): SpendRow[] {
  const key = (row: SpendRow) => JSON.stringify(Object.entries(row.group).sort());
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
