import type { GateSeed } from '@tallygate/gate';
import { type BudgetGate, type Settlement, TallygateError } from '@tallygate/usage';
import { expect, vi } from 'vitest';
import { budgetOf, counters, type Guarantees, held, usd } from './gate-fixtures.ts';

/** What `rebuild` makes of the counters; a gate without a ledger to ask says so, and keeps what it counts. */

const COUNTED = 5n;
/** A gate without leases holds no more than this; one with leases does until it has given back what is idle. */
const HELD = usd('0.10');

/** The ledger as it is while the gate lives. */
function openLedger() {
  const seed: Pick<GateSeed, 'lastSeq' | 'totals'> = { lastSeq: 0, totals: [] };
  const record = ({ seq, entries }: Settlement) => {
    seed.lastSeq = Math.max(seed.lastSeq, seq);
    seed.totals.push(...entries);
  };
  return { seed, record };
}

/** False where there is nothing to rebuild from. */
async function rebuild(gate: BudgetGate): Promise<boolean> {
  try {
    await gate.rebuild();
    return true;
  } catch (error) {
    expect(TallygateError.isInstance(error) && error.message).toMatch(/no ledger to be rebuilt from/);
    return false;
  }
}

export const REBUILD: Guarantees = {
  'counters are what the ledger has and what is held, once; what ends afterwards counts once, with the next number':
    async (openWith) => {
      const { seed, record } = openLedger();
      const { gate } = await openWith([budgetOf('all', usd('1'))], { seed });
      const [ended, live, lost] = [await held(gate), await held(gate), await held(gate)];
      record((await gate.settle({ hold: ended, amountNanoUsd: COUNTED })).settlement);
      // Nobody heard of it, nor does the ledger.
      await gate.settle({ hold: lost, amountNanoUsd: 3n });
      const before = await counters(gate);
      if (!(await rebuild(gate))) {
        expect(await counters(gate)).toEqual(before);
        return;
      }
      await vi.waitUntil(async () => (await counters(gate))['all']?.held === HELD);
      expect((await counters(gate))['all']).toEqual({ spent: COUNTED, held: HELD });
      const last = await gate.settle({ hold: live, amountNanoUsd: 7n });
      expect(last).toMatchObject({ outcome: 'settled' });
      expect(last.settlement.seq).toBeGreaterThan(seed.lastSeq);
    },

  'what was spent before denies after it': async (openWith) => {
    const { seed, record } = openLedger();
    const { gate } = await openWith([budgetOf('all', usd('0.15'))], { seed });
    record((await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') })).settlement);
    await rebuild(gate);
    await expect(held(gate)).rejects.toThrow('denied');
  },
};
