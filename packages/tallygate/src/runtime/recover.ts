import {
  type BudgetGate,
  contractedCostNanoUsd,
  type Hold,
  type Settlement,
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
      const { settlement } = await gate.settle({ hold, amountNanoUsd: contractedCostNanoUsd(event) });
      settlements.push(settlement);
    }
    return settlements;
  };
}
