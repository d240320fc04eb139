import type { BudgetAlert } from './budget-alert.ts';

/** How an alert was received; later: trying again may help. */
export interface Told {
  outcome: 'told' | 'untold' | 'later';
  /** Who was told, or why nobody was; without secrets. */
  detail: string;
}

/** Never rejects. */
export interface AlertSink {
  tell(alert: BudgetAlert): Promise<Told>;
}

/** Receives every alert at least once; one that throws or rejects is called again later, with the same `id`. */
export type OnAlert = (alert: BudgetAlert) => void | Promise<void>;

export function callbackSink(onAlert: OnAlert): AlertSink {
  return {
    async tell(alert) {
      try {
        await onAlert(alert);
        return { outcome: 'told', detail: 'onAlert' };
      } catch (error) {
        return {
          outcome: 'later',
          detail: `onAlert threw ${error instanceof Error ? error.name : typeof error}`,
        };
      }
    },
  };
}
