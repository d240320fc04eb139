import type { Evidence, Reconciliation } from '@tallygate/reconcile';

/** A guess of ours against what the provider counted, and what it counted where a row of ours is lost. */
const TRUED_UP_CAUSES = ['aborted_estimate', 'unknown_outcome', 'missing_rows'] as const;
export type TruedUpCause = (typeof TRUED_UP_CAUSES)[number];

/** What a reconciliation found of a cause that can be trued up. */
export interface OpenFindings {
  cause: TruedUpCause;
  findings: Evidence[];
  /** Findings with an amount that its evidence has no room for. */
  leftOut: number;
}

/** Evidence is of the largest amounts: where it holds one of nothing, none that is left out has any. */
export function openFindings({ causes }: Reconciliation): OpenFindings[] {
  return TRUED_UP_CAUSES.flatMap((cause) => {
    const found = causes.find((one) => one.cause === cause);
    if (found === undefined) return [];
    const { evidence, places } = found;
    const findings = evidence.filter(({ amountPicoUsd }) => amountPicoUsd !== 0n);
    const leftOut = findings.length < evidence.length ? 0 : places - evidence.length;
    return [{ cause, findings, leftOut }];
  });
}
