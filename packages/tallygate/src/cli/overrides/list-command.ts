import { runningOverrides } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { loadFor, withRuntime } from '../with-runtime.ts';
import { describeOverride, overrideDocument } from './describe-override.ts';

/** `tallygate overrides list`: what is in force beside the file, until when, by whom and why. */
export async function listOverridesCommand(
  context: CliContext,
  options: GlobalOptions,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async ({ gate, organization }) => {
    const live = await gate.configuration();
    const running = runningOverrides(live, await gate.nowMs());
    if (running.length === 0) say(context, 'No override is running: budgets are as the file says.');
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.overrides/1',
        organization,
        version: live.version,
        overrides: running.map(overrideDocument),
      },
      text: running
        .map(
          (override) =>
            `${override.id}  ${describeOverride(override)}, by ${override.who}: ${override.why}\n`,
        )
        .join(''),
    };
  });
}
