import { budgetOfTrip, measureOf, parsePeriodKey } from '@tallygate/gate';
import { toTextTable } from '@tallygate/report';
import {
  type AlertOutbox,
  alertId,
  amountFields,
  formatAmount,
  formatBareAmount,
  isoFromMs,
  minuteFromMs,
  type SentAlert,
  type SentAlertsQuery,
  type SpendHistory,
} from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { rangeFrom } from '../time-range.ts';
import { loadFor, withRuntime } from '../with-runtime.ts';

export interface AlertsListOptions extends GlobalOptions {
  month?: string;
}

const DEFAULT_MS = 31 * 86_400_000;

/** `tallygate alerts list`: which thresholds were reached, and who was told. */
export async function alertsListCommand(
  context: CliContext,
  options: AlertsListOptions,
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  const otherwise = { fromMs: nowMs - DEFAULT_MS, toMs: nowMs };
  const range = rangeFrom(options.month === undefined ? {} : { month: options.month }, nowMs, otherwise);
  return withRuntime(context, loadFor(context, options), async ({ gate, history, organization }) => {
    const alerts = await allAlerts(gate.outbox, history, { organization, ...range });
    if (alerts.length === 0) say(context, 'No budget has reached a threshold in that time.');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.alerts/1', organization, alerts: alerts.map(documentOf) },
      text: alerts.length === 0 ? '' : toTextTable(tableOf(alerts), widthOf(context)),
    };
  });
}

/** Those that are recorded, and those that wait without a record; by when they were reached. */
export async function allAlerts(
  outbox: AlertOutbox,
  history: Pick<SpendHistory, 'sentAlerts'> | null,
  query: SentAlertsQuery,
): Promise<SentAlert[]> {
  const alerts = new Map<string, SentAlert>();
  for (const alert of await outbox.waiting()) {
    const startMs = parsePeriodKey(alert.key)?.startMs ?? query.fromMs;
    if (startMs < query.fromMs || startMs >= query.toMs) continue;
    alerts.set(alertId(alert), { ...alert, outcome: 'waiting', detail: '', endedAtMs: null });
  }
  for (const alert of (await history?.sentAlerts(query)) ?? []) alerts.set(alertId(alert), alert);
  return [...alerts.values()].toSorted((left, right) => left.crossedAtMs - right.crossedAtMs);
}

function documentOf(alert: SentAlert): Record<string, unknown> {
  return {
    id: alertId(alert),
    budget: budgetIn(alert)?.budgetId ?? alert.key,
    value: budgetIn(alert)?.value ?? null,
    reason: budgetOfTrip(alert.key) === null ? 'threshold' : 'velocity',
    periodStart: isoFromMs(parsePeriodKey(alert.key)?.startMs ?? alert.crossedAtMs),
    thresholdPercent: alert.thresholdPercent,
    ...amountFields({ spent: alert.spent, limit: alert.limit }, measureOf(alert.key)),
    reachedAt: isoFromMs(alert.crossedAtMs),
    outcome: alert.outcome,
    detail: alert.detail,
    endedAt: alert.endedAtMs === null ? null : isoFromMs(alert.endedAtMs),
  };
}

function budgetIn({ key }: Pick<SentAlert, 'key'>) {
  return parsePeriodKey(key) ?? budgetOfTrip(key);
}

function nameOf({ key }: SentAlert): string {
  const name = budgetIn({ key });
  return name === null ? key : [name.budgetId, name.value ?? []].flat().join(' ');
}

function tableOf(alerts: readonly SentAlert[]) {
  const column = (align: 'left' | 'right') => (title: string) => ({ title, align });
  return {
    columns: [
      ...['Reached (UTC)', 'Budget'].map(column('left')),
      ...['At', 'Spent', 'Limit'].map(column('right')),
      column('left')('Told'),
    ],
    rows: alerts.map((alert) => [
      minuteFromMs(alert.crossedAtMs),
      nameOf(alert),
      budgetOfTrip(alert.key) === null ? `${alert.thresholdPercent}%` : 'too fast',
      formatBareAmount(alert.spent, measureOf(alert.key)),
      formatAmount(alert.limit, measureOf(alert.key)),
      { waiting: 'waits', told: alert.detail, untold: `nobody: ${alert.detail}` }[alert.outcome],
    ]),
  };
}
