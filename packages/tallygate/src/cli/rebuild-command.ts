import { isoFromMs } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { progressBar } from './progress-bar.ts';
import { describeRange, type RangeOptions, requiredRange } from './time-range.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

export interface RebuildOptions extends GlobalOptions, Pick<RangeOptions, 'from' | 'to' | 'month'> {}

/**
 * `tallygate rebuild`: adds the rollups of a range up again from its rows. Run again within an hour of an interruption it goes on;
 * left alone, the process that keeps the ledger finishes it.
 */
export async function rebuildCommand(context: CliContext, options: RebuildOptions): Promise<CommandOutcome> {
  const range = requiredRange(options, context.clock.nowMs());
  return withRuntime(context, loadFor(context, options), async ({ organization, sink, ledgerWork }) => {
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const bar = progressBar(context);
    const onHours = (done: number, total: number) => bar.show(done, total, `${done} of ${total} hours`);
    const { hours } = await ledgerWork.rebuild({ organization, ...range, onHours }).finally(bar.clear);
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.rebuild/1',
        ...{ organization, from: isoFromMs(range.fromMs), to: isoFromMs(range.toMs), hours },
      },
      text: `${hours} hours added up again; those with rows of the last minutes are read from them\n`,
    };
  });
}
