import type {
  Attribution,
  BatchOwners,
  BudgetGate,
  ConfigurationSnapshot,
  Hold,
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
}

export interface AdmittedWithoutGate {
  attemptId: string;
  attribution: Attribution;
  /** As in `ReserveRequest`. */
  models: readonly string[];
  /** The last known configuration. */
  snapshot: ConfigurationSnapshot;
  atMs: number;
}
