import { type Alert, type AlertOutbox, alertId, type Clock } from '@tallygate/usage';

export interface MemoryOutbox extends AlertOutbox {
  push(alert: Alert): void;
}

const MOST_ALERTS = 1_000;

/** `lua/outbox.lua` states the same rules. */
export function createMemoryOutbox({ nowMs }: Pick<Clock, 'nowMs'>): MemoryOutbox {
  const waiting = new Map<string, { alert: Alert; fromMs: number }>();
  const longestFirst = () => [...waiting.values()].toSorted((left, right) => left.fromMs - right.fromMs);

  function keep(alert: Alert, fromMs: number): void {
    waiting.set(alertId(alert), { alert, fromMs });
    // The oldest give way: whoever wants to be told looks more often than that.
    for (const oldest of waiting.size > MOST_ALERTS ? longestFirst().slice(0, -MOST_ALERTS) : [])
      waiting.delete(alertId(oldest.alert));
  }

  return {
    push: (alert) => keep(alert, nowMs()),
    async take(most, forMs) {
      const due = longestFirst().filter(({ fromMs }) => fromMs <= nowMs());
      const taken = due.slice(0, most).map(({ alert }) => alert);
      for (const alert of taken) keep(alert, nowMs() + forMs);
      return taken;
    },
    async put(alerts, forMs) {
      for (const alert of alerts) keep(alert, nowMs() + forMs);
    },
    async remove(alerts) {
      for (const alert of alerts) waiting.delete(alertId(alert));
    },
    waiting: async () => longestFirst().map(({ alert }) => alert),
  };
}
