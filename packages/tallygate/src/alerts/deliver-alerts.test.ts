import { createMemoryGate } from '@tallygate/gate';
import { alertId, emptyConfiguration, type SentAlert, type SentAlerts, silentLogger } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import type { AlertSink } from './alert-sink.ts';
import { type BudgetAlert, budgetAlert } from './budget-alert.ts';
import { deliverAlerts } from './deliver-alerts.ts';

const NOON_MS = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const LIMIT = 500_000_000_000n;

/** A gate in which a budget has reached 75 % of its limit, a ledger of alerts, and somebody who is told. */
async function world() {
  let nowMs = NOON_MS;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const scope = { team: 'support' };
  const budget = { id: 'support-month', scope, period: 'month', timeZone: 'UTC', limit: LIMIT } as const;
  const budgets = [{ ...budget, onOutage: 'block' as const, alerts: [75] }];
  const configuration = { ...emptyConfiguration('acme'), version: 1, budgets };
  const key = `support-month:month:${Date.UTC(2026, 10)}`;
  const seed = { lastSeq: 1, totals: [{ key, amount: 375_200_000_000n }] };
  const gate = createMemoryGate({ organization: 'acme', clock, configuration, seed });
  const recorded = new Map<string, SentAlert>();
  const history: SentAlerts = {
    async recordAlert(alert) {
      const known = recorded.get(alertId(alert)) ?? {
        ...alert,
        outcome: 'waiting',
        detail: '',
        endedAtMs: null,
      };
      recorded.set(alertId(alert), known);
      return known;
    },
    endAlert: async (alert) => void recorded.set(alertId(alert), alert),
    sentAlerts: async () => [...recorded.values()],
  };
  const told: BudgetAlert[] = [];
  const sink: AlertSink = {
    async tell(alert) {
      told.push(alert);
      return { outcome: 'told', detail: 'test' };
    },
  };
  const parts = { organization: 'acme', gate, history, clock, logger: silentLogger };
  return {
    ...{ gate, history, told, sink, recorded, key },
    pass: (durationMs: number) => {
      nowMs += durationMs;
    },
    /** One look, as at the end of a process. */
    look: (changes: Partial<Parameters<typeof deliverAlerts>[0]> = {}) =>
      deliverAlerts({ ...parts, sinks: [sink], ...changes }).stop(),
  };
}

const failing: AlertSink = { tell: async () => ({ outcome: 'later', detail: 'HTTP 503' }) };

describe('delivery of alerts', () => {
  it('tells once, in words that a person can act on, and keeps what became of it', async () => {
    const { look, told, recorded, gate } = await world();
    await look();
    await look();
    expect(told.map(({ text }) => text)).toEqual([
      'Team support has spent $375.20 of $500.00 for November 2026: 75 % of budget support-month is reached. ' +
        'It resets 1 Dec 00:00 UTC. "tallygate top" shows who spends; ' +
        '"tallygate budgets grant support-month --amount <usd> --for 4h --reason <why>" raises it for a time.',
    ]);
    expect(told[0]).toMatchObject({
      budget: 'support-month',
      scope: { team: 'support' },
      spentUsd: '375.200000000',
    });
    expect([...recorded.values()]).toMatchObject([{ outcome: 'told', detail: 'test', endedAtMs: NOON_MS }]);
    expect(await gate.outbox.waiting()).toEqual([]);
  });

  it('waits twice as long after each failure, and then tells', async () => {
    const { look, told, pass, gate } = await world();
    await look({ sinks: [failing] });
    pass(4_999);
    await look();
    expect(told).toEqual([]);
    pass(MINUTE_MS);
    await look({ sinks: [failing] });
    pass(MINUTE_MS);
    await look();
    expect(told).toEqual([]);
    pass(5_000);
    await look();
    expect(told).toHaveLength(1);
    expect(await gate.outbox.waiting()).toEqual([]);
  });

  it('tells nobody while the ledger does not answer: a rebuilt gate could not know of it', async () => {
    const { look, told, pass, history } = await world();
    const away = () => Promise.reject(new Error('the ledger is away'));
    await look({ history: { ...history, recordAlert: away } });
    await look({ history: { ...history, sentAlerts: away } });
    expect(told).toEqual([]);
    pass(MINUTE_MS);
    await look();
    expect(told).toHaveLength(1);
  });

  it('tells without a record where there is no ledger at all', async () => {
    const { look, told, recorded } = await world();
    await look({ history: null });
    expect([told.length, recorded.size]).toEqual([1, 0]);
  });

  it('tells what was recorded and lost with the outbox before anybody was told', async () => {
    const { look, told, gate, history } = await world();
    const [alert] = await gate.outbox.waiting();
    if (alert === undefined) throw new Error('nothing waits');
    await history.recordAlert(alert);
    await gate.outbox.remove([alert]);
    await look();
    expect(told.map(({ id }) => id)).toEqual([alertId(alert)]);
  });

  it('gives up what a sink refuses and what nobody could be told for three days, and keeps why', async () => {
    const refused = await world();
    const refusing: AlertSink = {
      tell: async () => ({ outcome: 'untold', detail: 'HTTP 404 from example.com' }),
    };
    await refused.look({ sinks: [refusing] });
    await refused.look();
    const late = await world();
    late.pass(3 * 86_400_000 + 1);
    await late.look();
    expect([...refused.told, ...late.told]).toEqual([]);
    expect([...refused.recorded.values(), ...late.recorded.values()]).toMatchObject([
      { outcome: 'untold', detail: 'HTTP 404 from example.com' },
      { outcome: 'untold', detail: 'waited for three days' },
    ]);
  });

  it('leaves an alert to others for as long as one tells it', async () => {
    const { look, told } = await world();
    let finish = () => {};
    const slow: AlertSink = {
      tell: () =>
        new Promise((resolve) => {
          finish = () => resolve({ outcome: 'told', detail: 'slow' });
        }),
    };
    const first = look({ sinks: [slow] });
    await look();
    finish();
    await first;
    expect(told).toEqual([]);
  });

  it('says whose budget it is where there is one for each', () => {
    const alert = {
      ...{ organization: 'acme', key: `per-user:day:${NOON_MS - 12 * 3_600_000}:u-1`, thresholdPercent: 100 },
      ...{ spent: 5_100_000_000n, limit: 5_000_000_000n, crossedAtMs: NOON_MS },
    };
    const budget = { id: 'per-user', scope: {}, each: 'user', period: 'day', timeZone: 'UTC' } as const;
    const budgets = [{ ...budget, limit: 5_000_000_000n, onOutage: 'block' as const }];
    const { scope, text } = budgetAlert(alert, { budgets });
    expect(scope).toEqual({ user: 'u-1' });
    expect(text).toContain(
      'User u-1 has spent $5.10 of $5.00 for 21 November 2026: 100 % of budget per-user',
    );
    expect(text).toContain('its calls are denied until then');
    expect(text).toContain('budgets grant per-user --value "u-1" --amount');
    const observed = budgets.map((one) => ({ ...one, mode: 'observe' as const }));
    expect(budgetAlert(alert, { budgets: observed }).text).not.toContain('denied');
  });

  it('says of a pool that it is one, and of a budget with a pool what becomes of its calls', () => {
    const common = { scope: {}, period: 'month', timeZone: 'UTC', limit: LIMIT, onOutage: 'block' } as const;
    const budgets = [
      { ...common, id: 'support', pool: 'reserve' },
      { ...common, id: 'reserve', isPool: true as const },
    ];
    const reached = { organization: 'acme', thresholdPercent: 100, spent: LIMIT, limit: LIMIT };
    const textOf = (id: string) =>
      budgetAlert({ ...reached, key: `${id}:month:${Date.UTC(2026, 10)}`, crossedAtMs: NOON_MS }, { budgets })
        .text;
    expect(textOf('support')).toContain(
      'What its calls need beyond that is held on pool reserve until then.',
    );
    expect(textOf('reserve')).toMatch(/^Pool reserve has spent \$500\.00 of \$500\.00 for November 2026/);
    expect(textOf('reserve')).toContain('calls that do not fit on one of its own are denied until then');
  });

  it('says what was spent too fast, and until when calls are denied', () => {
    const alert = {
      ...{ organization: 'acme', key: `per-user:velocity:${NOON_MS}:u-1`, thresholdPercent: 100 },
      ...{ spent: 9_500_000_000n, limit: 8_000_000_000n, crossedAtMs: NOON_MS },
    };
    const budget = { id: 'per-user', scope: {}, each: 'user', period: 'day', timeZone: 'UTC' } as const;
    const velocity = { floorNanoUsd: 5_000_000_000n, times: 4, pauseMinutes: 10 };
    const budgets = [{ ...budget, limit: 5_000_000_000n, onOutage: 'block' as const, velocity }];
    expect(budgetAlert(alert, { budgets })).toMatchObject({
      budget: 'per-user',
      scope: { user: 'u-1' },
      text:
        'Budget per-user (user u-1) was spent too fast: $9.50 in 5 minutes, more than $8.00. Where budgets are enforced, ' +
        'its calls are denied until 2026-11-21T12:10:00.000Z. "tallygate top --last 1h" shows who spends.',
    });
    expect(budgetAlert(alert, { budgets: [] }).text).toContain('Budget per-user was spent too fast');
  });

  it('names a budget that is configured no longer', async () => {
    const { look, told, gate } = await world();
    await gate.publish({ ...emptyConfiguration('acme'), version: 2 });
    await look();
    expect(told[0]?.text).toBe(
      'Budget support-month, which is configured no longer, has spent $375.20 of $500.00: 75 % is reached.',
    );
  });
});
