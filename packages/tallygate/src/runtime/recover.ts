import { createConfigurationCache, unknownOutcome } from '@tallygate/meter';
import {
  type BudgetGate,
  type CallIntent,
  type ConfigurationSnapshot,
  chargeOf,
  type Hold,
  type Logger,
  type Settlement,
  TallygateError,
  type UsageEvent,
} from '@tallygate/usage';

/**
 * Settles what a dead process recorded and did not settle, at the recorded charge. One after the other: a gate that has just
 * come back is not met by a thousand calls at once. Rejects when the gate does not answer; settling twice changes nothing.
 */
export function recoverThrough(gate: BudgetGate, organization: string) {
  return async (outcomes: readonly { event: UsageEvent; hold: Hold }[]): Promise<Settlement[]> => {
    const settlements: Settlement[] = [];
    for (const { event, hold } of outcomes) {
      // Of another organization on the same directory: its own processes know its gate.
      if (hold.organization !== organization) continue;
      const { settlement } = await gate.settle({ hold, ...chargeOf(event) });
      settlements.push(settlement);
    }
    return settlements;
  };
}

/**
 * The rows of calls that a dead process had in flight, priced by the configuration in force or last known: prices are dated, so
 * it is the day of the call that counts. Those of another organization are left to its own processes.
 */
export function unknownOutcomesBy(
  gate: BudgetGate,
  options: { organization: string; logger: Logger; lastGood: ConfigurationSnapshot | null },
) {
  const cache = createConfigurationCache({ gate, ...options });
  return async (intents: readonly CallIntent[]): Promise<UsageEvent[]> => {
    const configuration = await cache.current();
    if (!configuration.isKnown) {
      throw new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
        message: 'No configuration is known by which calls in flight could be priced.',
      });
    }
    return intents
      .filter((intent) => intent.organization === options.organization)
      .map((intent) => unknownOutcome(intent, configuration));
  };
}
