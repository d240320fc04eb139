import type { Command } from 'commander';
import type { CliContext, CommandOutcome } from './context.ts';
import { type EstimatesOptions, estimatesCommand } from './estimates-command.ts';
import { type ReportOptions, reportCommand } from './report-command.ts';
import { type TopOptions, topCommand } from './top-command.ts';

const REPORT_EXAMPLES = `By: team, feature, model, requested-model, environment, status, basis, backend, key, workspace, tier,
speed, geography, band, line; and for one organization and at most 31 days: user, workflow, task-type, tag:<name>.

Examples:
  tallygate report --days 30 --top 10
  tallygate report --month 2026-10 --grain day --by team
  tallygate report --where team=support --by model,status --percentiles
  tallygate report --month 2026-10 --by team,feature,model --csv > october.csv`;

/** `report` and `top`, which ask the same question of different times, and `estimates`. */
export function addUsageCommands(
  program: Command,
  context: CliContext,
  choose: (work: () => Promise<CommandOutcome>) => void,
): void {
  usageOptions(program.command('report'))
    .description('what was spent, by team, feature, model, day …')
    .option('--from <date>', 'begin, UTC (default: the first of this month)')
    .option('--to <date>', 'end, not included (default: now)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .option('--days <count>', 'the last days, today among them')
    .option('--grain <interval>', 'also by minute, hour, day or month')
    .option('--csv', 'CSV with every class of tokens')
    .addHelpText('after', `\n${REPORT_EXAMPLES}`)
    .action((_options, command: Command) =>
      choose(() => reportCommand(context, command.optsWithGlobals<ReportOptions>())),
    );
  program
    .command('estimates')
    .description('what calls were admitted by, beside what they cost (exit 3 above a worst case)')
    .option('--from <date>', 'begin, UTC')
    .option('--to <date>', 'end, not included (default: now)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .option('--days <count>', 'the last days, today among them (default: seven times 24 hours)')
    .action((_options, command: Command) =>
      choose(() => estimatesCommand(context, command.optsWithGlobals<EstimatesOptions>())),
    );
  usageOptions(program.command('top'))
    .description('who spends now, drawn anew until it is stopped')
    .option('--last <duration>', 'how far back, such as 15m, 1h or 1d', '1h')
    .option('--every <duration>', 'how often, on a terminal', '2s')
    .action((_options, command: Command) =>
      choose(() => topCommand(context, command.optsWithGlobals<TopOptions>())),
    );
}

/** What can be asked of usage, over whatever time. */
function usageOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value];
  return command
    .option('--by <list>', 'group by, separated by commas (default: team,feature)')
    .option('--where <name=values>', 'only these, such as team=support,search; may be repeated', collect)
    .option('--top <count>', 'only so many groups, the others in one line')
    .option('--order <measure>', 'by cost, calls, tokens, errors or latency (default: cost)')
    .option('--percentiles', 'of latency and time to first token; at most 31 days');
}
