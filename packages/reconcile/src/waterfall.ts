import type { PicoUsd } from '@tallygate/usage';
import type { CauseName } from './causes.ts';
import { meaningOf } from './describe-cause.ts';
import { nextActionOf, noneNeeded } from './next-action.ts';
import type { Evidence, Reconciliation } from './reconciliation.ts';

/** One step from ours to the bill. */
export interface WaterfallStep {
  /** "internal" is where it begins, "residual" what nothing explains, "billed" where it ends. */
  step: 'internal' | CauseName | 'residual' | 'billed';
  /** Of "ambiguous": the causes that share the amount. */
  between: CauseName[];
  /** What it adds; of the first and the last step their totals. */
  amountPicoUsd: PicoUsd;
  /** Where one stands after it. The last two are equal: the bill. */
  runningPicoUsd: PicoUsd;
  /** In words, with how much was found. */
  meaning: string;
  evidence: Evidence[];
  /** What to do about it, or "None needed: …" with the reason. */
  nextAction: string;
}

/** From our total to the provider's: every step adds to the one before, to the last pico-USD. */
export function waterfallOf(reconciliation: Reconciliation): WaterfallStep[] {
  const { internalPicoUsd, billedPicoUsd, residualPicoUsd, causes } = reconciliation;
  const plain = { between: [], evidence: [], nextAction: noneNeeded('it is a total') };
  const steps: WaterfallStep[] = [
    {
      ...plain,
      step: 'internal',
      amountPicoUsd: internalPicoUsd,
      runningPicoUsd: internalPicoUsd,
      meaning: 'what our rows were charged, at list price',
    },
  ];
  let runningPicoUsd = internalPicoUsd;
  for (const cause of causes) {
    runningPicoUsd += cause.amountPicoUsd;
    steps.push({
      step: cause.cause,
      between: cause.between,
      amountPicoUsd: cause.amountPicoUsd,
      runningPicoUsd,
      meaning: meaningOf(cause),
      evidence: cause.evidence,
      nextAction: nextActionOf(cause),
    });
  }
  const isLeft = residualPicoUsd !== 0n;
  return [
    ...steps,
    {
      ...plain,
      step: 'residual',
      amountPicoUsd: residualPicoUsd,
      runningPicoUsd: runningPicoUsd + residualPicoUsd,
      meaning: isLeft ? 'explained by no evidence' : 'nothing is left over',
      nextAction: isLeft
        ? 'Read "unexplained": it lists what was looked at and could not be proved, with the reason.'
        : noneNeeded('each difference has a cause'),
    },
    {
      ...plain,
      step: 'billed',
      amountPicoUsd: billedPicoUsd,
      runningPicoUsd: billedPicoUsd,
      meaning: "the provider's bill before credits and tax",
    },
  ];
}
