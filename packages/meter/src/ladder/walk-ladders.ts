import type { Estimate } from '@tallygate/pricing';
import type { Denial, LadderChange, Measure } from '@tallygate/usage';
import type { Admission } from '../admit.ts';
import { type AskedMessage, type Refused, takeStep } from './take-step.ts';

/** A message that was changed so that it fits, with all that was changed of it. */
export interface ChangedMessage extends AskedMessage {
  changes: readonly LadderChange[];
}

/** What to ask the gate for after it said no, or null when the budget that refused has no step left: then the call is denied. */
export type Easier = (denial: Denial, admission: Admission) => ChangedMessage | null;

/**
 * Walks the ladder of whichever budget refuses, each from where it stands: a step is taken at most once per budget, so the gate is
 * asked at most once more for each step. A refused reserve has written nothing, and the next one carries the same attempt id.
 */
export function walkLadders(
  first: AskedMessage,
  parts: Pick<Refused, 'pseudonymKey'> & { estimate(admission: Admission): Estimate },
): Easier {
  const taken = new Map<string, number>();
  let asked: ChangedMessage = { request: first.request, facts: first.facts, changes: [] };
  return (denial, admission) => {
    const { budgets } = admission.configuration.snapshot;
    const steps = budgets.find(({ id }) => id === denial.budgetId)?.ladder ?? [];
    const worst: Refused['worst'] = (facts) =>
      worstIn(denial.measure, parts.estimate({ ...admission, facts }));
    const { pseudonymKey } = parts;
    for (const [index, step] of steps.entries()) {
      if (index < (taken.get(denial.budgetId) ?? 0)) continue;
      taken.set(denial.budgetId, index + 1);
      const easier = takeStep(step, { ...asked, admission, denial, worst, pseudonymKey });
      if (easier === null) continue;
      asked = { ...easier, changes: [...asked.changes, ...easier.changes] };
      return asked;
    }
    return null;
  };
}

/** In requests every message is one, whatever is done to it: no step helps. */
function worstIn(measure: Measure = 'usd', { worstNanoUsd, tokens }: Estimate): bigint {
  if (measure === 'requests') return 1n;
  return measure === 'usd' ? worstNanoUsd : tokens.worst;
}
