import { setTimeout as pause } from 'node:timers/promises';
import { openRedisGate, periodKey } from '@tallygate/gate';
import { adoptSpools, type UsageStore } from '@tallygate/ledger';
import {
  type BudgetGate,
  contractedCostNanoUsd,
  type NanoUsd,
  newAttemptId,
  type Settlement,
  systemClock,
} from '@tallygate/usage';
import { chaosSnapshot, ORGANIZATION } from './gate-budgets.ts';
import { BUCKET_MS, HOLD_TTL_MS, outcomeOf } from './gate-facts.ts';
import type { openJournal } from './gate-journal.ts';

/** What the counters and the ledger say once everybody is dead, everything is shipped, and time has passed. */
export interface Recovered {
  /** Budgets with something held, or less than nothing. */
  leakedHolds: number;
  /** Numbers between two settlements of one epoch that the ledger does not have. */
  missingNumbers: number;
  /** Charges that no living process could tell Redis again; put back as `tallygate drift --adjust` does. */
  adjustedNanoUsd: NanoUsd;
  /** Σ |counter − ledger| over budgets in their current period. */
  driftNanoUsd: NanoUsd;
}

export interface RecoveryPlace {
  root: string;
  store: UsageStore;
  redisUrl: string;
  seconds: number;
  note: ReturnType<typeof openJournal>;
}

export async function recoverAll(place: RecoveryPlace): Promise<Recovered> {
  const { store } = place;
  const gate = await openAsOperator(place);
  try {
    await adoptLeftovers(gate, place);
    const adjustedNanoUsd = await adjustLostCharges(gate, store);
    await pause(HOLD_TTL_MS * (1 + 1 / 16) + 2 * BUCKET_MS);
    const drift = await driftOf(gate, store);
    const nowMs = Date.now();
    const range = { organization: ORGANIZATION, fromMs: nowMs - 86_400_000, toMs: nowMs + 86_400_000 };
    const gaps = await store.settlementGaps(range);
    return {
      leakedHolds: (await gate.balances()).filter(({ held }) => held !== 0n).length,
      missingNumbers: gaps.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0),
      adjustedNanoUsd,
      driftNanoUsd: sumOf(drift.map(({ differenceNanoUsd }) => differenceNanoUsd)),
    };
  } finally {
    await gate.close();
  }
}

async function openAsOperator({ store, redisUrl, seconds }: RecoveryPlace): Promise<BudgetGate> {
  return openRedisGate({
    ...{ url: redisUrl, organization: ORGANIZATION, clock: systemClock, bucketMs: BUCKET_MS },
    ...{ reserveDeadlineMs: 30_000, settleDeadlineMs: 30_000 },
    seed: async () => ({
      ...(await store.settledTotals(ORGANIZATION)),
      configuration: chaosSnapshot(seconds),
    }),
  });
}

/** Only what the gate lacks: where it counts more than the ledger holds, something was charged twice or a row was lost. */
async function adjustLostCharges(gate: BudgetGate, store: UsageStore): Promise<NanoUsd> {
  const lost = (await driftOf(gate, store)).filter(({ differenceNanoUsd }) => differenceNanoUsd < 0n);
  const settlements: Settlement[] = [];
  for (const { key, balance, differenceNanoUsd } of lost) {
    const { periodStartMs, periodEndMs } = balance;
    const entry = { key, expected: 0n, worst: 0n, periodStartMs, periodEndMs };
    const hold = {
      ...{ attemptId: newAttemptId(), organization: ORGANIZATION, epoch: 'adjusted' },
      ...{ budgetInstantMs: periodStartMs, expiryBucket: 0, entries: [entry] },
    };
    const { settlement } = await gate.settle({ hold, amountNanoUsd: -differenceNanoUsd });
    settlements.push({ ...settlement, kind: 'adjust', entries: [{ key, amount: 0n }] });
  }
  if (settlements.length > 0)
    await store.store({ token: 'chaos/adjusted', events: [], settlements, denials: [] });
  return sumOf(lost.map(({ differenceNanoUsd }) => differenceNanoUsd));
}

/** Gate minus ledger, per budget in its current period. Nobody charges any more. */
async function driftOf(gate: BudgetGate, store: UsageStore) {
  const { totals } = await store.settledTotals(ORGANIZATION);
  const settled = new Map(totals.map(({ key, amount }) => [key, amount]));
  return (await gate.balances()).map((balance) => {
    const key = periodKey(balance.budget, balance.periodStartMs);
    return { key, balance, differenceNanoUsd: balance.spent - (settled.get(key) ?? 0n) };
  });
}

function sumOf(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, amount) => sum + (amount < 0n ? -amount : amount), 0n);
}

/** As the next process of an application does: settles what dead ones left, and ships it. */
async function adoptLeftovers(gate: BudgetGate, { root, store, note }: RecoveryPlace): Promise<void> {
  const left = {
    root,
    destination: store,
    clock: systemClock,
    recover: async (outcomes: Parameters<NonNullable<Parameters<typeof adoptSpools>[0]['recover']>>[0]) => {
      const settlements: Settlement[] = [];
      for (const { event, hold } of outcomes) {
        note({ step: 'ending', id: hold.attemptId });
        const reply = await gate.settle({ hold, amountNanoUsd: contractedCostNanoUsd(event) });
        const { epoch, seq } = reply.settlement;
        note({ step: 'ended', id: hold.attemptId, epoch, seq, outcome: reply.outcome });
        settlements.push(reply.settlement);
      }
      return settlements;
    },
    unknownOutcomes: async (intents: readonly Parameters<typeof outcomeOf>[0][]) => intents.map(outcomeOf),
  };
  let report = await adoptSpools(left);
  for (let pass = 1; report.adopted > 0 && pass < 50; pass += 1) report = await adoptSpools(left);
}
