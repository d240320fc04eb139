import { type DenialRecord, TallygateError } from '@tallygate/usage';
import {
  type CliContext,
  type CliRuntime,
  type CommandOutcome,
  type GlobalOptions,
  say,
} from '../context.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { describeExplanation, explanationDocument } from './describe-explanation.ts';
import { type Explanation, overridesAt } from './explanation.ts';

/** `tallygate why <denial-id>`: what denied a call, with which numbers, until when, and what to type now. */
export async function whyCommand(
  context: CliContext,
  options: GlobalOptions,
  denialId: string,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    await runtime.sink.flush();
    const { organization } = runtime;
    const denial = await requireHistory(runtime).denial({ organization, denialId });
    if (denial === null)
      throw new TallygateError('TALLYGATE_DENIAL_UNKNOWN', {
        message: `The ledger has no denial "${denialId}" of ${organization}.`,
      });
    const explanation = await explain(context, runtime, denial);
    const document = { schema: 'tallygate.why/1', organization, ...explanationDocument(explanation) };
    return { exitCode: 0, document, text: describeExplanation(explanation) };
  });
}

async function explain(context: CliContext, runtime: CliRuntime, denial: DenialRecord): Promise<Explanation> {
  const { organization } = runtime;
  const version = denial.configVersion;
  const publication =
    version === undefined ? null : await requireHistory(runtime).configVersion({ organization, version });
  const live = await liveState(context, runtime, denial);
  return {
    denial,
    publication,
    overrides: overridesAt(denial, publication, live?.configuration ?? null),
    now: live?.balance ?? null,
    value: live?.value ?? null,
  };
}

/** What the ledger holds explains a denial also while the gate is away. */
async function liveState(context: CliContext, { gate }: CliRuntime, { budgetId, scope }: DenialRecord) {
  try {
    const configuration = await gate.configuration();
    const each = configuration.budgets.find(({ id }) => id === budgetId)?.each;
    const value = each === undefined ? null : (scope[each] ?? null);
    const [balance = null] = await gate.balances([value === null ? { budgetId } : { budgetId, value }]);
    return { configuration, balance, value };
  } catch (error) {
    say(context, `The gate does not answer, so what is available now is not shown (${String(error)}).`);
    return null;
  }
}
