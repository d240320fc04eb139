import { estimateTable, toTextTable } from '@tallygate/report';
import { type EstimateAccuracy, isoFromMs, usdFromNano } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { widthOf } from './report-command.ts';
import { describeRange, type RangeOptions, rangeFrom } from './time-range.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface EstimatesOptions extends GlobalOptions, Omit<RangeOptions, 'day'> {}

const DAY_MS = 86_400_000;

/** `tallygate estimates`: what calls were admitted by beside what they cost. Exit 3 when one cost more than its worst case. */
export async function estimatesCommand(
  context: CliContext,
  options: EstimatesOptions,
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  const range = rangeFrom(options, nowMs, { fromMs: nowMs - 7 * DAY_MS, toMs: nowMs });
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization, sink } = runtime;
    const history = requireHistory(runtime);
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are missing below.`);
    const kinds = await history.estimates({ organization, ...range });
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    say(context, 'One call in twenty is meant to be above expected, and none above its worst case.');
    return {
      exitCode: kinds.some(({ aboveWorst }) => aboveWorst > 0) ? 3 : 0,
      document: {
        schema: 'tallygate.estimates/1',
        organization,
        from: isoFromMs(range.fromMs),
        to: isoFromMs(range.toMs),
        pendingInSpool: pending,
        kinds: kinds.map(kindDocument),
      },
      text: toTextTable(estimateTable(kinds), widthOf(context)),
    };
  });
}

function kindDocument(kind: EstimateAccuracy): Record<string, unknown> {
  const { expectedNanoUsd, worstNanoUsd, chargedNanoUsd, ...counts } = kind;
  return {
    ...counts,
    expectedUsd: usdFromNano(expectedNanoUsd),
    worstUsd: usdFromNano(worstNanoUsd),
    chargedUsd: usdFromNano(chargedNanoUsd),
  };
}
