import type { CauseName, Evidence, Reconciliation } from '@tallygate/reconcile';
import type { EventStatus } from '@tallygate/usage';

/** Causes that stand for a guess of ours against what the provider counted, with the attempts that are guessed. */
const GUESSED = {
  aborted_estimate: (status) => status !== 'unknown',
  unknown_outcome: (status) => status === 'unknown',
} as const satisfies Partial<Record<CauseName, (status: EventStatus) => boolean>>;
export type TruedUpCause = keyof typeof GUESSED;

/** What a reconciliation found of a cause that can be trued up. */
export interface OpenFindings {
  cause: TruedUpCause;
  isMeant(status: EventStatus): boolean;
  findings: Evidence[];
  /** Findings with an amount that its evidence has no room for. */
  leftOut: number;
}

/** Evidence is of the largest amounts: where it holds one of nothing, none that is left out has any. */
export function openFindings({ causes }: Reconciliation): OpenFindings[] {
  return causes.flatMap(({ cause, evidence, places }) => {
    if (!isTruedUp(cause)) return [];
    const findings = evidence.filter(({ amountPicoUsd }) => amountPicoUsd !== 0n);
    const leftOut = findings.length < evidence.length ? 0 : places - evidence.length;
    return [{ cause, isMeant: GUESSED[cause], findings, leftOut }];
  });
}

function isTruedUp(cause: CauseName): cause is TruedUpCause {
  return Object.hasOwn(GUESSED, cause);
}
