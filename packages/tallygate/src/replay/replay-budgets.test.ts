import {
  type Budget,
  type ConfigurationSnapshot,
  emptyConfiguration,
  NO_USAGE,
  nanoFromUsd,
  type UsageEvent,
  type UsageRecords,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { bookTimes, CALL, eventOf, lineOf } from '../rerate/testing/made-usage.ts';
import { replayBudgets } from './replay-budgets.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FROM_MS = Date.UTC(2026, 9, 10);

const LINE = lineOf(CALL, 0, bookTimes(1));

function cost(budgetInstantMs: number, usd: string, feature = 'chat'): UsageEvent {
  const event = eventOf([{ ...LINE, contractedCostNanoUsd: nanoFromUsd(usd) }]);
  const attribution = { ...event.attribution, feature };
  return { ...event, eventId: `${feature}-${budgetInstantMs}-${usd}`, budgetInstantMs, attribution };
}

/** Pages as the ledger gives them: by the hour, unordered within it, two events at a time. */
function recorded(events: UsageEvent[]): UsageRecords {
  const hourOf = ({ budgetInstantMs }: UsageEvent) => Math.floor(budgetInstantMs / HOUR_MS);
  const pages = events.toSorted((a, b) => hourOf(a) - hourOf(b) || (a.eventId < b.eventId ? 1 : -1));
  return {
    usagePage: async ({ fromMs, toMs, after }) => {
      const inRange = pages.filter(
        (event) => event.budgetInstantMs >= fromMs && event.budgetInstantMs < toMs,
      );
      const at = Number(after?.eventId ?? 0);
      const page = inRange.slice(at, at + 2);
      const next = { hourMs: 0, team: '', feature: '', eventId: String(at + 2) };
      return { events: page, next: at + 2 >= inRange.length ? null : next };
    },
    knownEvents: async () => [],
  };
}

const budget = (id: string, usd: string, parts: Partial<Budget> = {}): Budget => ({
  ...{ id, scope: {}, period: 'day', timeZone: 'UTC', onOutage: 'block', limit: nanoFromUsd(usd) },
  ...parts,
});

function replay(events: UsageEvent[], budgets: Budget[], changes: Partial<ConfigurationSnapshot> = {}) {
  const snapshot = { ...emptyConfiguration('acme'), version: 1, budgets, ...changes };
  const range = { fromMs: FROM_MS, toMs: FROM_MS + 3 * DAY_MS };
  return replayBudgets({ history: recorded(events), snapshot, ...range, onProgress: () => undefined });
}

describe('budgets replayed over what was recorded', () => {
  it('deny in the order of the budget instants, and what they deny is not spent', async () => {
    const events = [
      cost(FROM_MS + 30, '3', 'late'),
      cost(FROM_MS + 10, '4'),
      cost(FROM_MS + 20, '9', 'dear'),
      cost(FROM_MS + HOUR_MS, '3', 'late'),
      cost(FROM_MS + DAY_MS, '9', 'dear'),
    ];
    expect(await replay(events, [budget('all', '10')])).toEqual({
      attempts: 5,
      costNanoUsd: nanoFromUsd('28'),
      denials: 1,
      stoppedNanoUsd: nanoFromUsd('9'),
      touched: [
        {
          ...{ budgetId: 'all', team: 'support', feature: 'dear', denials: 1 },
          ...{ firstMs: FROM_MS + 20, stoppedNanoUsd: nanoFromUsd('9') },
        },
      ],
    });
  });

  it('charge what was moved to another team there, and count the call once, where it was made', async () => {
    const call = cost(FROM_MS, '9');
    const [line] = call.lines;
    const moved = (team: string, usd: string): UsageEvent => ({
      ...call,
      attribution: { ...call.attribution, team },
      lines: [{ ...LINE, line: 1_000_000, usage: NO_USAGE, contractedCostNanoUsd: nanoFromUsd(usd) }],
    });
    const own = { ...call, lines: [...(line === undefined ? [] : [line]), ...moved('support', '-9').lines] };
    const teamBudget = (team: string) => budget(team, '10', { scope: { team } });
    const calls = budget('calls', '0', { measure: 'requests', limit: 1n });
    const later = (team: string) => ({
      ...cost(FROM_MS + 1, '2', team),
      attribution: moved(team, '0').attribution,
    });
    const budgets = [teamBudget('support'), teamBudget('search')];
    const parts = [own, moved('search', '9')];
    for (const first of [parts, parts.toReversed()])
      expect(await replay([...first, later('support'), later('search')], budgets)).toMatchObject({
        attempts: 3,
        costNanoUsd: nanoFromUsd('13'),
        touched: [{ budgetId: 'search', team: 'search', denials: 1 }],
      });
    expect(await replay([own, moved('search', '9')], [calls])).toMatchObject({ attempts: 1, denials: 0 });
  });

  it('count what was spent in a period before the range began, and deny nothing of it', async () => {
    const month = budget('month', '10', { period: 'month' });
    const before = [cost(FROM_MS - 2 * DAY_MS, '8'), cost(FROM_MS - DAY_MS, '1.5')];
    const found = await replay([...before, cost(FROM_MS, '1'), cost(FROM_MS + 1, '0.5')], [month]);
    expect(found).toMatchObject({ attempts: 2, denials: 1, stoppedNanoUsd: nanoFromUsd('1') });
  });

  it('know a team by its new name, and need no team that is listed', async () => {
    const teams = [{ id: 'care', name: 'Care', aliases: ['support'], costCentre: null, owners: [] }];
    const budgets = [budget('care', '1', { scope: { team: 'care' } })];
    const refusing = { unknownTeams: 'refuse' as const };
    const events = [cost(FROM_MS, '2')];
    expect((await replay(events, budgets, { teams, ...refusing })).denials).toBe(1);
    expect((await replay(events, budgets, refusing)).denials).toBe(0);
  });
});
