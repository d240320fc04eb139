import { randomUUID } from 'node:crypto';
import {
  type DenialRecord,
  type SegmentDestination,
  SPEND_DIMENSIONS,
  type SpendDimension,
  type SpendHistory,
  type SpendRow,
  TIME_DIMENSIONS,
  type UsageAnswer,
  type UsageEvent,
  type UsageQuestion,
} from '@tallygate/usage';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { naiveSpend } from './naive-spend.ts';
import { anyEvent, denialRecord, START_MS, segmentOf, usageEvent, usageLine } from './usage-fixtures.ts';

const DAY_MS = 86_400_000;

/** A ledger wherever it is: what is stored through one port is told through the other. Others' rows may be in it. */
export interface AskedLedger {
  history: SpendHistory;
  destination: SegmentDestination;
}

/** What a question about usage is answered with, in this process, over a socket or by a server: the same to the last digit. */
export function describeUsageQuestions(name: string, ledger: () => AskedLedger): void {
  describe(`questions about usage: ${name}`, () => {
    let organization = '';
    const another = () => {
      organization = `org-${randomUUID()}`;
    };
    beforeEach(another);

    const range = () => ({
      organization,
      fromMs: START_MS - DAY_MS,
      toMs: START_MS + 20 * DAY_MS,
      by: 'ended' as const,
    });
    const ask = (question: Partial<UsageQuestion>) =>
      ledger().history.usage({ ...range(), groupBy: [], ...question });
    const record = (events: UsageEvent[], denials: DenialRecord[] = []) =>
      ledger().destination.store(
        segmentOf(
          events.map((event) => ({ ...event, organization })),
          { denials: denials.map((denial) => ({ ...denial, organization })) },
        ),
      );

    it('adds up to the same totals by whatever it is grouped and however many are named', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(modestEvent, { minLength: 1, maxLength: 8 }),
          fc.uniqueArray(fc.constantFrom(...SPEND_DIMENSIONS), { maxLength: 3 }),
          fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
          async (events, groupBy, top) => {
            another();
            await record(events);
            const tag = groupBy.includes('tag') ? { tagKey: 'region' } : {};
            const answer = await ask({ groupBy, ...tag, ...(top === undefined ? {} : { top }) });
            const owned = events.map((event) => ({ ...event, organization }));
            const [expected] = naiveSpend(owned, { ...range(), groupBy: [] });
            for (const sum of SUMS) {
              const lines = [...answer.groups, ...answer.others].reduce((all, line) => all + sum(line), 0n);
              expect([lines, sum(answer.total)]).toEqual([expected ? sum(expected) : 0n, lines]);
            }
            const whole = naiveSpend(owned, { ...range(), groupBy, ...tag });
            for (const { group, contractedCostNanoUsd } of answer.groups)
              expect(whole).toContainEqual(expect.objectContaining({ group, contractedCostNanoUsd }));
            expect(namesIn(answer, groupBy)).toBeLessThanOrEqual(top ?? Number.POSITIVE_INFINITY);
          },
        ),
        { numRuns: 8, seed: 20261121, endOnFailure: true },
      );
    });

    it('ranks by what it is asked to, over the whole range, and gives each day its others', async () => {
      await record([
        of('support', 0, { costNanoUsd: 5n }),
        of('support', 1, { costNanoUsd: 5n }),
        of('search', 0, { costNanoUsd: 8n }),
        of('growth', 1, { costNanoUsd: 1n }),
      ]);
      const { groups, others } = await ask({ groupBy: ['day', 'team'], top: 1 });
      expect(groups.map(({ group }) => group)).toEqual([
        { day: '2026-10-14T00:00:00.000Z', team: 'support' },
        { day: '2026-10-15T00:00:00.000Z', team: 'support' },
      ]);
      expect(others.map(({ group, contractedCostNanoUsd }) => [group.day, contractedCostNanoUsd])).toEqual([
        ['2026-10-14T00:00:00.000Z', 8n],
        ['2026-10-15T00:00:00.000Z', 1n],
      ]);
      const days = await ask({ groupBy: ['day'], top: 1 });
      expect(days.groups).toMatchObject([{ group: { day: '2026-10-14T00:00:00.000Z' } }]);
      expect(days.others).toMatchObject([{ group: {}, contractedCostNanoUsd: 6n }]);
    });

    it.each([
      ['cost', ['dear', 'slow', 'busy', 'broken']],
      ['calls', ['broken', 'busy', 'dear', 'slow']],
      ['tokens', ['broken', 'busy', 'dear', 'slow']],
      ['errors', ['broken', 'busy', 'dear', 'slow']],
      ['latency', ['slow', 'broken', 'busy', 'dear']],
    ] as const)('by %s the largest comes first, and of equals the first by name', async (order, teams) => {
      await record([
        of('dear', 0, { costNanoUsd: 9n, latencyMs: 1 }),
        of('slow', 0, { costNanoUsd: 4n, latencyMs: 100 }),
        of('busy', 0, { costNanoUsd: 1n, latencyMs: 2 }),
        of('busy', 1, { costNanoUsd: 1n, latencyMs: 2 }),
        of('broken', 0, { costNanoUsd: 0n, latencyMs: 3, status: 'error' }),
        of('broken', 0, { costNanoUsd: 0n, latencyMs: 3 }),
      ]);
      const { groups } = await ask({ groupBy: ['team'], order });
      expect(groups.map(({ group }) => group.team)).toEqual(teams);
    });

    it('tells whole months, months that a range cuts among them', async () => {
      const inNovember = (Date.UTC(2026, 10, 1) - START_MS) / DAY_MS;
      await record([of('support', 0), of('support', inNovember - 1e-7), of('support', inNovember)]);
      const { groups } = await ask({ groupBy: ['month'] });
      expect(groups.map(({ group, calls }) => [group.month, calls])).toEqual([
        ['2026-10-01T00:00:00.000Z', 2],
        ['2026-11-01T00:00:00.000Z', 1],
      ]);
    });

    it('names who was denied everything and so has spent nothing', async () => {
      await record([of('support', 0)], [denialRecord({ attribution: attributionOf('locked-out') })]);
      const { groups, total } = await ask({ groupBy: ['team'] });
      expect(groups).toMatchObject([
        { group: { team: 'support' }, denials: { denied: 0, deniedShare: 0 } },
        { group: { team: 'locked-out' }, calls: 0, errorRate: null, denials: { denied: 1, deniedShare: 1 } },
      ]);
      expect(total).toMatchObject({ calls: 1, denials: { denied: 1, deniedShare: 0.5 } });
      const { others } = await ask({ groupBy: ['team'], top: 1 });
      expect(others).toMatchObject([{ denials: { denied: 1 } }]);
    });

    it('gives percentiles of each group and of all, and none of a sum of others', async () => {
      await record([
        ...[1, 2, 3].map((latencyMs) =>
          of('support', 0, { latencyMs, timeToFirstTokenMs: 1, costNanoUsd: 9n }),
        ),
        of('search', 0, { latencyMs: 100 }),
      ]);
      const { groups, others, total } = await ask({ groupBy: ['team'], percentiles: true, top: 1 });
      expect(groups).toMatchObject([{ latency: { p50: 2 }, timeToFirstToken: { p99: 1 } }]);
      expect(others).toMatchObject([{ latency: null, timeToFirstToken: null }]);
      expect(total).toMatchObject({ latency: { p50: 2.5 }, timeToFirstToken: { p50: 1 } });
    });

    it('says what is estimated, of what was asked about', async () => {
      await record([
        of('support', 0, { costNanoUsd: 7n }),
        of('support', 0, { costNanoUsd: 2n, basis: 'estimated' }),
        of('search', 0, { costNanoUsd: 1n, basis: 'estimated' }),
      ]);
      const estimated = { attempts: 2, contractedCostNanoUsd: 3n };
      const reported = { attempts: 1, contractedCostNanoUsd: 7n };
      expect((await ask({ groupBy: ['team'] })).coverage).toEqual({ reported, estimated });
      const { coverage } = await ask({ groupBy: ['team'], filter: { team: ['search'] } });
      expect(coverage?.estimated).toEqual({ attempts: 1, contractedCostNanoUsd: 1n });
      const ofTag = await ask({ groupBy: ['tag'], tagKey: 'region' });
      expect(ofTag.coverage).toEqual({ reported, estimated });
      const longer = { groupBy: [], toMs: START_MS + 40 * DAY_MS };
      expect((await ask(longer)).coverage).toEqual({ reported, estimated });
      expect((await ask({ ...longer, filter: { team: ['search'] } })).coverage).toBeNull();
    });

    it('refuses with the same words what no ledger answers', async () => {
      const longer = { toMs: START_MS + 40 * DAY_MS };
      const refused = {
        code: 'TALLYGATE_REQUEST_INVALID',
        message: expect.stringContaining('at most 31 days'),
      };
      await expect(ask({ ...longer, percentiles: true })).rejects.toMatchObject(refused);
      await expect(ask({ ...longer, groupBy: ['user'] })).rejects.toMatchObject(refused);
      await expect(ask({ groupBy: ['shoeSize' as SpendDimension] })).rejects.toMatchObject({
        code: 'TALLYGATE_REQUEST_INVALID',
      });
    });
  });
}

/** Amounts whose sum any answer can hold. */
const modestEvent = anyEvent.map((event) => ({
  ...event,
  lines: event.lines.map((line) => ({
    ...line,
    listCostNanoUsd: line.listCostNanoUsd % 1_000_000_007n,
    contractedCostNanoUsd: line.contractedCostNanoUsd % 1_000_000_007n,
    webSearchCostNanoUsd: line.webSearchCostNanoUsd % 1_000_000_007n,
  })),
}));

/** What adds up whatever the groups; attempts do not, because one may have lines in several. */
const SUMS: readonly ((line: SpendRow) => bigint)[] = [
  (line) => line.contractedCostNanoUsd,
  (line) => line.listCostNanoUsd,
  (line) => line.roundingPicoUsd,
  (line) => BigInt(line.usage.outputTokens),
  (line) => BigInt(line.usage.cacheReadInputTokens),
];

function namesIn({ groups }: UsageAnswer, groupBy: readonly SpendDimension[]): number {
  const named = groupBy.filter((dimension) => !(TIME_DIMENSIONS as readonly string[]).includes(dimension));
  const contenders = named.length > 0 ? named : groupBy;
  return new Set(groups.map(({ group }) => JSON.stringify(contenders.map((each) => group[each])))).size;
}

const attributionOf = (team: string) => ({ ...usageEvent().attribution, team });

/** One call of a team so many days into the story. */
function of(
  team: string,
  days: number,
  { costNanoUsd = 1n, ...changes }: Partial<UsageEvent> & { costNanoUsd?: bigint } = {},
): UsageEvent {
  const atMs = Math.floor(START_MS + days * DAY_MS);
  const lines = [usageLine({ contractedCostNanoUsd: costNanoUsd })];
  const times = { startedAtMs: atMs, endedAtMs: atMs, budgetInstantMs: atMs };
  return usageEvent({ attribution: attributionOf(team), ...times, lines, ...changes });
}
