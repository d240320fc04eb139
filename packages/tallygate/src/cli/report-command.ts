import { toTextTable, usageCsv, usageDocument, usageTable } from '@tallygate/report';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, say } from './context.ts';
import { describeRange, monthToDate, type RangeOptions, rangeFrom } from './time-range.ts';
import { unknownValues } from './unknown-values.ts';
import { askStatement, statementRemarks } from './usage-answer.ts';
import { askedUsage, type UsageOptions } from './usage-options.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface ReportOptions extends UsageOptions, Omit<RangeOptions, 'day'> {
  csv?: true;
}

/** `tallygate report`: where the money went, by whatever distinguishes the calls. Read-only. */
export async function reportCommand(context: CliContext, options: ReportOptions): Promise<CommandOutcome> {
  if (options.csv && options.json) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: '--csv and --json exclude each other.',
      cure: 'Use one.',
    });
  }
  const asked = askedUsage(options);
  const nowMs = context.clock.nowMs();
  const range = rangeFrom(options, nowMs, monthToDate(nowMs));
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const history = requireHistory(runtime);
    const { organization } = runtime;
    const { pending } = await runtime.sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are missing below.`);
    const statement = await askStatement(history, organization, range, asked);
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    for (const remark of statementRemarks(statement)) say(context, remark);
    if (statement.groups.length === 0)
      for (const remark of await unknownValues(history, organization, range, asked)) say(context, remark);
    const { filter = {}, order = 'cost' } = asked;
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.report/1',
        organization,
        from: isoFromMs(range.fromMs),
        to: isoFromMs(range.toMs),
        filter,
        order,
        pendingInSpool: pending,
        ...usageDocument(statement),
      },
      text: options.csv ? usageCsv(statement) : toTextTable(usageTable(statement), widthOf(context)),
    };
  });
}

/** Tables shrink to a terminal; a pipe gets everything. */
export function widthOf(context: CliContext): { width?: number } {
  return context.stdout.columns === undefined ? {} : { width: context.stdout.columns };
}
