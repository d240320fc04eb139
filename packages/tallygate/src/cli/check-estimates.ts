import { attempt, type Check, lastDaysOf, ok, warn } from './check.ts';
import type { CliContext, CliRuntime } from './context.ts';

const LOOKED_BACK_DAYS = 7;
const NAME = 'estimates';

/** Did a call cost more than its worst case? Every budget rests on that it cannot. No check where there is no ledger to ask. */
export async function checkEstimates(
  context: CliContext,
  { history, organization }: CliRuntime,
): Promise<Check[]> {
  if (history === null) return [];
  const range = { organization, ...lastDaysOf(context.clock.nowMs(), LOOKED_BACK_DAYS) };
  const asked = await attempt(NAME, async () => ({ kinds: await history.estimates(range) }));
  if ('failed' in asked) return [asked.failed];
  const { kinds } = asked.value;
  const attempts = kinds.reduce((sum, kind) => sum + kind.attempts, 0);
  const above = kinds.filter(({ aboveWorst }) => aboveWorst > 0);
  if (above.length === 0) {
    const found = `no call of the last ${LOOKED_BACK_DAYS} days above its worst case, ${attempts} compared`;
    return [ok(NAME, found)];
  }
  const exceeded = above.reduce((sum, kind) => sum + kind.aboveWorst, 0);
  const models = [...new Set(above.map(({ requestModel }) => requestModel))].join(', ');
  const cure =
    'See them with "tallygate estimates" and report them: budgets can be overspent by what is above.';
  return [warn(NAME, `${exceeded} of ${attempts} calls cost more than their worst case (${models})`, cure)];
}
