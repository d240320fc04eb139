import { type CauseName, type DayState, meaningOf, type Reconciliation } from '@tallygate/reconcile';
import type { PicoUsd } from '@tallygate/usage';
import type { LastReconciliation } from 'tallygate';

/** A reconciliation as a statement: the lines add up, in their order and to the last digit, to the bill. */
export interface Statement {
  /** Of the provider, whose bill it is; null where there is only one. */
  providerOrganizationId: string | null;
  fromMs: number;
  /** End of the last day compared; not included. */
  toMs: number;
  /** How far both sides were seen: the end of the range, or the moment of comparing when that came first. */
  seenToMs: number;
  createdAtMs: number;
  verdict: string;
  internalPicoUsd: PicoUsd;
  causes: readonly StatementLine[];
  residualPicoUsd: PicoUsd;
  residualNote: string;
  /** False: the residual is beyond the tolerance, and somebody should look. */
  isExplained: boolean;
  billedPicoUsd: PicoUsd;
  days: readonly { state: DayState; count: number }[];
  /** What a reader must know before trusting a figure. */
  remarks: readonly string[];
}

export interface StatementLine {
  title: string;
  note: string;
  amountPicoUsd: PicoUsd;
}

const TITLES: Record<CauseName, string> = {
  rounding: 'Rounding',
  price_version: 'Charged by another price',
  aborted_estimate: 'Answers that callers left early',
  unknown_outcome: 'Calls of unknown outcome',
  missing_rows: 'Rows that were lost',
  unmetered_key: 'Keys without a meter',
  unmetered_workspace: 'Workspaces without a meter',
  unmetered_model: 'Models past the meter',
  unmetered_hours: 'Hours past the meter',
  bucket_edge: 'Counted beside midnight',
  batch_timing: 'Batches counted beside midnight',
  geography: 'Counted at another place',
  speed: 'Counted at another speed',
  service_tier: 'Counted in another tier',
  web_search: 'Web searches',
  unbilled_refusal: 'Refusals that are not billed',
  priority_tier: 'Priority capacity',
  code_execution: 'Code execution',
  session_runtime: 'Agent sessions',
  unknown_cost_type: 'Kinds of cost not known here',
  provisional: 'Not shown by the provider yet',
  ambiguous: 'Causes that share a place',
  discount: 'Contract discount',
};

const DAY_STATES: readonly DayState[] = ['open', 'provisional', 'settled'];

export function statementOf({ reconciliation, providerOrganizationId }: LastReconciliation): Statement {
  const { fromMs, toMs, createdAtMs, internalPicoUsd, billedPicoUsd, residualPicoUsd } = reconciliation;
  return {
    providerOrganizationId,
    fromMs,
    toMs,
    seenToMs: Math.min(toMs, createdAtMs),
    createdAtMs,
    verdict: verdictOf(reconciliation),
    internalPicoUsd,
    causes: reconciliation.causes.map((cause) => ({
      title: TITLES[cause.cause],
      note: meaningOf(cause),
      amountPicoUsd: cause.amountPicoUsd,
    })),
    residualPicoUsd,
    residualNote: residualNote(reconciliation),
    isExplained: reconciliation.verdicts.money !== 'differs',
    billedPicoUsd,
    days: countDays(reconciliation),
    remarks: remarksOf(reconciliation),
  };
}

/** Tokens are judged apart from money: equal money at unequal tokens is no agreement. */
function verdictOf({ verdicts }: Reconciliation): string {
  if (verdicts.money === 'differs') return 'A part of the bill has no explanation yet.';
  if (verdicts.tokens === 'differs') return 'The money is explained; some token counts still differ.';
  const agrees = verdicts.money === 'agrees' && verdicts.tokens !== 'explained';
  return agrees ? 'Our records and the bill agree.' : 'Every difference has a cause.';
}

function residualNote({ residualPicoUsd, verdicts }: Reconciliation): string {
  if (residualPicoUsd === 0n) return 'nothing is left over';
  return verdicts.money === 'differs' ? 'not explained by any evidence' : 'within the tolerance you set';
}

function countDays({ days }: Reconciliation): Statement['days'] {
  return DAY_STATES.map((state) => ({
    state,
    count: days.filter((day) => day.state === state).length,
  })).filter(({ count }) => count > 0);
}

function remarksOf({ caveats, unexplainedPlaces: count, coverage }: Reconciliation): string[] {
  const unproved =
    count === 1
      ? '1 finding could not be proved and is in no line above.'
      : `${count} findings could not be proved and are in no line above.`;
  return [
    ...(coverage.darkPicoUsd === 0n ? [] : [`The meter saw ${coverage.percent} % of the bill.`]),
    ...caveats.map(({ detail }) => detail),
    ...(count === 0 ? [] : [unproved]),
  ];
}
