import { configurationSnapshotSchema, TallygateError, toWireJson } from '@tallygate/usage';
import { applyPlan } from '../configuration/apply.ts';
import type { DesiredConfiguration } from '../configuration/file.ts';
import { CONFIGURATION_FILE, type LoadedConfig } from '../configuration/load.ts';
import { describePlan, type Plan, planChanges } from '../configuration/plan.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

/** `tallygate plan`: what apply would change. Changes nothing. */
export async function planCommand(context: CliContext, options: GlobalOptions): Promise<CommandOutcome> {
  const loaded = loadFor(context, options);
  const desired = requireFile(loaded);
  return withRuntime(context, loaded, async ({ gate }) => {
    const plan = planChanges(await gate.configuration(), desired);
    if (plan.changes.length > 0) say(context, 'Run "tallygate apply" to put this in force.');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.plan/1', ...planDocument(plan) },
      text: planText(plan),
    };
  });
}

export interface ApplyCommandOptions extends GlobalOptions {
  reason?: string;
}

/** `tallygate apply`: puts tallygate.yaml in force for every process, and records who did it and why. */
export async function applyCommand(
  context: CliContext,
  options: ApplyCommandOptions,
): Promise<CommandOutcome> {
  const loaded = loadFor(context, options);
  const desired = requireFile(loaded);
  return withRuntime(context, loaded, async ({ gate, history }) => {
    const plan = planChanges(await gate.configuration(), desired);
    const reason = options.reason ?? '';
    const result = await applyPlan({
      gate,
      history,
      plan,
      actor: context.actor,
      reason,
      clock: context.clock,
    });
    if (result.published) say(context, `Version ${result.version} is in force.`);
    if (!result.recorded) say(context, 'There is no ledger here, so nobody has recorded who changed what.');
    const document = { schema: 'tallygate.apply/1', ...planDocument(plan), ...result };
    return { exitCode: 0, document, text: planText(plan) };
  });
}

function requireFile({ desired }: LoadedConfig): DesiredConfiguration {
  if (desired !== null) return desired;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `There is no ${CONFIGURATION_FILE} here.`,
    cure: 'Write one with "tallygate init", or name one with --config.',
  });
}

function planText(plan: Plan): string {
  return describePlan(plan)
    .map((line) => `${line}\n`)
    .join('');
}

/** Both sides of a change as they travel: money as decimal text in nano-USD. */
function planDocument(plan: Plan): Record<string, unknown> {
  return {
    organization: plan.before.organization,
    liveVersion: plan.before.version,
    changes: JSON.parse(toWireJson(plan.changes)),
    desired: configurationSnapshotSchema.encode(plan.after),
  };
}
