import {
  percentOf,
  type StatementLine,
  spendCsv,
  spendStatement,
  spendTable,
  toTextTable,
} from '@tallygate/report';
import { formatUsd, isoFromMs, TallygateError, usdFromNano } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { dimensionsFrom } from './dimensions.ts';
import { describeRange, monthToDate, type RangeOptions, rangeFrom } from './time-range.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface ReportOptions extends GlobalOptions, Pick<RangeOptions, 'from' | 'to' | 'month'> {
  by: string;
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
  const groupBy = dimensionsFrom(options.by);
  const nowMs = context.clock.nowMs();
  const range = rangeFrom(options, nowMs, monthToDate(nowMs));
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const history = requireHistory(runtime);
    const { organization } = runtime;
    const { pending } = await runtime.sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are missing below.`);
    const statement = spendStatement(await history.spend({ organization, ...range, by: 'ended', groupBy }), {
      groupBy,
    });
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    const unassigned = statement.unassignedNanoUsd ?? 0n;
    if (unassigned > 0n) {
      const share = percentOf(unassigned, statement.total.contractedCostNanoUsd);
      say(context, `${formatUsd(unassigned)} (${share}) belongs to no listed team.`);
    }
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.report/1',
        organization,
        from: isoFromMs(range.fromMs),
        to: isoFromMs(range.toMs),
        groupBy,
        pendingInSpool: pending,
        lines: statement.lines.map(lineDocument),
        total: lineDocument(statement.total),
      },
      text: options.csv ? spendCsv(statement) : toTextTable(spendTable(statement), widthOf(context)),
    };
  });
}

/** Exact: money as decimal text, tokens in every class that is billed. */
function lineDocument(line: StatementLine): Record<string, unknown> {
  const { listCostNanoUsd, contractedCostNanoUsd, webSearchCostNanoUsd, roundingPicoUsd, ...counts } = line;
  return {
    ...counts,
    listCostUsd: usdFromNano(listCostNanoUsd),
    contractedCostUsd: usdFromNano(contractedCostNanoUsd),
    webSearchCostUsd: usdFromNano(webSearchCostNanoUsd),
    roundingPicoUsd,
  };
}

/** Tables shrink to a terminal; a pipe gets everything. */
export function widthOf(context: CliContext): { width?: number } {
  return context.stdout.columns === undefined ? {} : { width: context.stdout.columns };
}
