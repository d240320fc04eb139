import { periodKey } from '@tallygate/gate';
import type { Balance, BudgetGate, NanoUsd } from '@tallygate/usage';
import { requestFor } from './gate-facts.ts';
import { amountsOf } from './gate-journal.ts';

/** Calls that follow when nothing is wrong any more, each ended twice. */
const CALLS = 20;
/** Has no budget of its own: nobody is denied. */
const FEATURE = 'probe';

/**
 * Σ |what the counters moved − what a few calls charged|. A gate that is rebuilt from the ledger heals what it miscounted, so that in
 * the end both agree; these calls are compared before the ledger hears of them.
 */
export async function miscountedBy(gate: BudgetGate): Promise<NanoUsd> {
  const before = spentByKey(await gate.balances());
  const charged = new Map<string, NanoUsd>();
  for (let call = 0; call < CALLS; call += 1) {
    const request = requestFor(FEATURE);
    const reply = await gate.reserve(request);
    if (reply.kind !== 'held') throw new Error(`a call that fits was ${reply.kind}`);
    const ending = { hold: reply.hold, amountNanoUsd: amountsOf(request.attemptId).charge };
    await gate.settle(ending);
    await gate.settle(ending);
    for (const { key } of reply.hold.entries)
      charged.set(key, (charged.get(key) ?? 0n) + ending.amountNanoUsd);
  }
  const moved = [...spentByKey(await gate.balances())].filter(([key]) => before.has(key));
  return moved.reduce((sum, [key, spent]) => {
    const difference = spent - (before.get(key) ?? 0n) - (charged.get(key) ?? 0n);
    return sum + (difference < 0n ? -difference : difference);
  }, 0n);
}

/** By the period, too: one that begins meanwhile is not compared. */
function spentByKey(balances: readonly Balance[]): Map<string, NanoUsd> {
  return new Map(
    balances.map(({ budget, periodStartMs, spent }) => [periodKey(budget, periodStartMs), spent]),
  );
}
