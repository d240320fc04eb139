import { setTimeout as pause } from 'node:timers/promises';
import { openRedisGate, periodKey, type RedisGateOptions } from '@tallygate/gate';
import { adoptSpools, type UsageStore } from '@tallygate/ledger';
import {
  type BudgetGate,
  contractedCostNanoUsd,
  type NanoUsd,
  type Settlement,
  systemClock,
} from '@tallygate/usage';
import { chaosSnapshot, ORGANIZATION } from './gate-budgets.ts';
import { BUCKET_MS, HOLD_TTL_MS, LEASE_TTL_MS, outcomeOf } from './gate-facts.ts';
import type { openJournal } from './gate-journal.ts';
import { miscountedBy } from './gate-probe.ts';

/** What the counters and the ledger say once everybody is dead, everything is shipped, and time has passed. */
export interface Recovered {
  /** Budgets with something held, or less than nothing. */
  leakedHolds: number;
  /** Numbers between two settlements of one epoch that the ledger does not have. */
  missingNumbers: number;
  /** Σ |counter − ledger| over budgets in their current period, and what a few more calls were miscounted by. */
  driftNanoUsd: NanoUsd;
}

/** What was shipped last is counted when the ledger is asked for the sixth time. */
const LONGEST_RECOVERY_MS = 90_000;

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
    await pause((HOLD_TTL_MS + LEASE_TTL_MS) * (1 + 1 / 16) + 2 * BUCKET_MS);
    const driftNanoUsd = await driftAtLast(gate, store);
    const nowMs = Date.now();
    const range = { organization: ORGANIZATION, fromMs: nowMs - 86_400_000, toMs: nowMs + 86_400_000 };
    const gaps = await store.settlementGaps(range);
    const leakedHolds = (await gate.balances()).filter(({ held }) => held !== 0n).length;
    return {
      leakedHolds,
      missingNumbers: gaps.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0),
      driftNanoUsd: driftNanoUsd + (await miscountedBy(gate)) + (await miscountedWithLeases(place)),
    };
  } finally {
    await gate.close();
  }
}

async function miscountedWithLeases(place: RecoveryPlace): Promise<NanoUsd> {
  const gate = await openAsOperator(place, { leases: { ttlMs: LEASE_TTL_MS, fromCalls: 2 } });
  try {
    return await miscountedBy(gate);
  } finally {
    await gate.close();
  }
}

async function openAsOperator(
  { store, redisUrl, seconds }: RecoveryPlace,
  parts: Pick<RedisGateOptions, 'leases'> = {},
): Promise<BudgetGate> {
  return openRedisGate({
    ...parts,
    ...{ url: redisUrl, organization: ORGANIZATION, clock: systemClock, bucketMs: BUCKET_MS },
    ...{ reserveDeadlineMs: 30_000, settleDeadlineMs: 30_000 },
    seed: async () => ({
      ...(await store.settledTotals(ORGANIZATION)),
      configuration: chaosSnapshot(seconds),
    }),
  });
}

/** Nobody charges any more, and nobody helps: the gate asks the ledger again by itself. */
async function driftAtLast(gate: BudgetGate, store: UsageStore): Promise<NanoUsd> {
  const untilMs = performance.now() + LONGEST_RECOVERY_MS;
  for (;;) {
    const drift = await driftOf(gate, store);
    if (drift === 0n || performance.now() > untilMs) return drift;
    await pause(500);
  }
}

/** Σ |counter − ledger| over budgets in their current period. */
async function driftOf(gate: BudgetGate, store: UsageStore): Promise<NanoUsd> {
  const { totals } = await store.settledTotals(ORGANIZATION);
  const settled = new Map(totals.map(({ key, amount }) => [key, amount]));
  const balances = await gate.balances();
  return balances.reduce((sum, { budget, periodStartMs, spent }) => {
    const difference = spent - (settled.get(periodKey(budget, periodStartMs)) ?? 0n);
    return sum + (difference < 0n ? -difference : difference);
  }, 0n);
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
