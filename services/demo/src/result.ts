import type { Evidence, Reconciliation } from '@tallygate/reconcile';
import {
  type Balance,
  describeScope,
  isoFromMs,
  type LedgerCounts,
  type SpendRow,
  usdFromNano,
  usdFromPico,
} from '@tallygate/usage';
import type { TrafficCounts } from './run-traffic.ts';

/** The one JSON document of `npm start -- --once --json`. Money is decimal strings of USD. */
export interface DemoResult {
  calls: number;
  attempts: number;
  streamed: number;
  denied: number;
  aborted: number;
  retried: number;
  eventsRecorded: number;
  eventsInLedger: number;
  duplicates: number;
  budgets: { scope: string; period: string; limitUsd: string; spentUsd: string; heldUsd: string }[];
  internalUsd: string | null;
  billedUsd: string | null;
  explained: { cause: string; usd: string; evidence: unknown }[];
  residualUsd: string | null;
  controlUsd: string;
  consoleUrl: string;
}

export interface DemoFacts {
  counts: TrafficCounts;
  total: SpendRow | undefined;
  eventsRecorded: number;
  ledger: LedgerCounts;
  balances: Balance[];
  /** Null without an admin key: nothing was compared, which is not the same as no difference. */
  reconciliation: Reconciliation | null;
  controlUsd: string;
  consoleUrl: string;
}

export function demoResult(facts: DemoFacts): DemoResult {
  const { counts, total, ledger, reconciliation } = facts;
  const attempts = total?.attempts ?? 0;
  return {
    ...counts,
    attempts,
    retried: attempts - (total?.calls ?? 0),
    eventsRecorded: facts.eventsRecorded,
    eventsInLedger: ledger.events,
    duplicates: ledger.duplicates,
    budgets: facts.balances.map(({ budget, spent, held }) => ({
      scope: describeScope(budget.scope),
      period: budget.period,
      limitUsd: usdFromNano(budget.limit),
      spentUsd: usdFromNano(spent),
      heldUsd: usdFromNano(held),
    })),
    internalUsd: reconciliation && usdFromPico(reconciliation.internalPicoUsd),
    billedUsd: reconciliation && usdFromPico(reconciliation.billedPicoUsd),
    explained: (reconciliation?.causes ?? []).map(({ cause, amountPicoUsd, evidence }) => ({
      cause,
      usd: usdFromPico(amountPicoUsd),
      evidence: evidence.map(evidenceInUsd),
    })),
    residualUsd: reconciliation && usdFromPico(reconciliation.residualPicoUsd),
    controlUsd: facts.controlUsd,
    consoleUrl: facts.consoleUrl,
  };
}

function evidenceInUsd({
  fromMs,
  toMs,
  model,
  apiKeyId,
  attempts,
  charged,
  actual,
  amountPicoUsd,
}: Evidence) {
  return {
    from: isoFromMs(fromMs),
    to: isoFromMs(toMs),
    model,
    apiKeyId,
    attempts,
    charged: { tokens: charged.tokens, usd: usdFromPico(charged.amountPicoUsd) },
    actual: { tokens: actual.tokens, usd: usdFromPico(actual.amountPicoUsd) },
    usd: usdFromPico(amountPicoUsd),
  };
}
