import {
  type Alert,
  alertId,
  type BudgetGate,
  type Clock,
  type ConfigurationSnapshot,
  type Logger,
  type SentAlert,
  type SentAlerts,
} from '@tallygate/usage';
import type { AlertSink, Told } from './alert-sink.ts';
import { announcedOf } from './announced.ts';
import { budgetAlert } from './budget-alert.ts';

export interface DeliveryOptions {
  organization: string;
  gate: Pick<BudgetGate, 'outbox' | 'configuration'>;
  /** Null where no ledger can be reached at all: alerts are told then without a record. */
  history: SentAlerts | null;
  /** All of them are told. */
  sinks: readonly AlertSink[];
  clock: Clock;
  logger: Logger;
  everyMs?: number;
}

export interface AlertDelivery {
  /** Looks once more, and stops. */
  stop(): Promise<void>;
}

const EVERY_MS = 5_000;
const MOST_AT_ONCE = 5;
/** Longer than telling takes: whoever dies in between leaves its alerts to others that soon. */
const TAKEN_FOR_MS = 60_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** What nobody could be told in that time is no news any more. */
const GIVE_UP_AFTER_MS = 3 * 86_400_000;
const LOOK_BACK_EVERY_MS = 10 * 60_000;

/**
 * Tells people what the gate has decided. Any number of processes may: who takes an alert has it alone for a minute. Each is recorded in
 * the ledger, told, recorded as told, and only then removed; a process that dies between two steps leaves it to the next, which
 * begins again: told at least once, under one id. While the ledger or a sink is away alerts wait, each for as long as it has waited.
 */
export function deliverAlerts(options: DeliveryOptions): AlertDelivery {
  const { clock, logger, everyMs = EVERY_MS } = options;
  let lookedBackMs = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    try {
      if (clock.monotonicMs() - lookedBackMs >= LOOK_BACK_EVERY_MS) {
        await putBackUntold(options);
        lookedBackMs = clock.monotonicMs();
      }
      await deliverWaiting(options);
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.warn('Alerts wait.', { reason: String(error) });
      isFailing = true;
    }
  }

  /** One look at a time, and no process lives for the next one. */
  async function lookOn(): Promise<void> {
    await look();
    if (!isStopped) timer = setTimeout(begin, everyMs).unref();
  }
  let looking: Promise<void> = Promise.resolve();
  function begin(): void {
    looking = lookOn();
  }
  begin();
  return {
    async stop() {
      isStopped = true;
      await looking;
      if (timer !== null) clearTimeout(timer);
      await look();
    },
  };
}

async function deliverWaiting(options: DeliveryOptions): Promise<void> {
  const { gate } = options;
  for (;;) {
    const taken = await gate.outbox.take(MOST_AT_ONCE, TAKEN_FOR_MS);
    if (taken.length === 0) return;
    const configuration = await gate.configuration();
    for (const alert of taken) await deliver(options, alert, configuration);
  }
}

async function deliver(
  options: DeliveryOptions,
  alert: Alert,
  configuration: ConfigurationSnapshot,
): Promise<void> {
  const { gate, history, clock, logger } = options;
  try {
    const recorded = await history?.recordAlert(alert);
    if (recorded === undefined || recorded.outcome === 'waiting') {
      const { outcome, detail } = await tell(options, alert, configuration);
      if (outcome === 'later') return await wait(options, alert, detail);
      await history?.endAlert({ ...alert, outcome, detail, endedAtMs: clock.nowMs() });
      if (outcome === 'untold') logger.error('Nobody was told of an alert.', nameOf(alert, detail));
    }
    await gate.outbox.remove([alert]);
  } catch (error) {
    await wait(options, alert, String(error));
  }
}

async function wait({ gate, clock, logger }: DeliveryOptions, alert: Alert, reason: string): Promise<void> {
  logger.warn('An alert waits.', nameOf(alert, reason));
  await gate.outbox.put([alert], pauseMs(alert, clock.nowMs()));
}

async function tell(
  { sinks, clock }: DeliveryOptions,
  alert: Alert,
  configuration: ConfigurationSnapshot,
): Promise<Told> {
  if (clock.nowMs() - alert.crossedAtMs > GIVE_UP_AFTER_MS)
    return { outcome: 'untold', detail: 'waited for three days' };
  const message = budgetAlert(alert, configuration);
  const replies: Told[] = [];
  for (const sink of sinks) replies.push(await sink.tell(message));
  const worst = (['later', 'untold', 'told'] as const).find((outcome) =>
    replies.some((reply) => reply.outcome === outcome),
  );
  return replies.find(({ outcome }) => outcome === worst) as Told;
}

/** As long as it has waited: twice as long each time, without a count. */
function pauseMs({ crossedAtMs }: Alert, nowMs: number): number {
  return Math.min(Math.max(nowMs - crossedAtMs, EVERY_MS), LONGEST_PAUSE_MS);
}

/** A gate that lost its outbox lost what was recorded and not told: the record knows. */
async function putBackUntold({ organization, gate, history, clock }: DeliveryOptions): Promise<void> {
  const recorded = history === null ? [] : await announcedOf(history, organization, clock);
  const waiting = new Set((await gate.outbox.waiting()).map(alertId));
  const lost = recorded.filter((alert) => alert.outcome === 'waiting' && !waiting.has(alertId(alert)));
  await gate.outbox.put(lost.map(alertOf), 0);
}

function alertOf({ outcome: _outcome, detail: _detail, endedAtMs: _endedAtMs, ...alert }: SentAlert): Alert {
  return alert;
}

function nameOf(alert: Alert, reason: string): Record<string, unknown> {
  return { key: alert.key, thresholdPercent: alert.thresholdPercent, reason };
}
