import type { BatchOwners, BudgetGate, UsageSink } from '@tallygate/usage';
import type { ConfigurationCache } from './configuration-cache.ts';

/** What the meter needs of the rest: a gate to ask, a sink to write to, and the configuration in force. */
export interface MeterPorts {
  gate: BudgetGate;
  sink: UsageSink;
  configuration: ConfigurationCache;
  /** Where owners of message batches are kept. Without it they live and die with this process. */
  batchOwners?: BatchOwners;
}
