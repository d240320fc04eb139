import type {
  Attribution,
  BatchOwners,
  Budget,
  BudgetGate,
  ConfigurationSnapshot,
  Hold,
  ReserveRequest,
  TallygateError,
  UsageSink,
} from '@tallygate/usage';
import type { ConfigurationCache } from './configuration-cache.ts';

/** What the meter needs of the rest: a gate to ask, a sink to write to, and the configuration in force. */
export interface MeterPorts {
  gate: BudgetGate;
  sink: UsageSink;
  configuration: ConfigurationCache;
  /** Where owners of message batches are kept. Without it they live and die with this process. */
  batchOwners?: BatchOwners;
  /**
   * Names what an attempt is to be charged to while no gate answers, so that its outcome can be settled by whoever finds it.
   * Without it only this process can, and only while it lives.
   */
  pinHold?: (admitted: AdmittedWithoutGate) => Hold;
  /** Bounds what is admitted while no gate answers. Without it a budget of `onOutage: allowance` blocks. */
  outageAllowance?: OutageAllowance;
}

export interface OutageAllowance {
  /**
   * Takes what the hold can cost at most from the allowances of these budgets: from all of them, or from none.
   * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE`, naming the budget without room; `outage` is its cause.
   */
  take(hold: Hold, budgets: readonly Budget[], outage: TallygateError): Promise<void>;
}

export interface AdmittedWithoutGate {
  attemptId: string;
  attribution: Attribution;
  /** As in `ReserveRequest`. */
  models: readonly string[];
  /** The last known configuration. */
  snapshot: ConfigurationSnapshot;
  atMs: number;
  /** What it was estimated at; absent where only the names of periods are asked for. */
  amounts?: Pick<ReserveRequest, 'expectedNanoUsd' | 'worstNanoUsd' | 'tokens' | 'requests'>;
}
