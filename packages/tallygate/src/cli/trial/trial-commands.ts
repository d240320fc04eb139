import type { Command } from 'commander';
import type { CliContext, CommandOutcome } from '../context.ts';
import { type DryRunOptions, dryRunCommand } from './dry-run-command.ts';
import { type SuggestCommandOptions, suggestCommand } from './suggest-command.ts';

/** Budgets before they are in force: from what was spent, and against it. */
export function addTrialCommands(
  budgets: Command,
  context: CliContext,
  choose: (work: () => Promise<CommandOutcome>) => void,
): void {
  budgets
    .command('dry-run')
    .description('who would have been denied, had a file been in force')
    .option('-f, --file <file>', 'the file to try (default: tallygate.yaml)')
    .option('--days <count>', 'the last days, today among them', '30')
    .action((_options, command: Command) =>
      choose(() => dryRunCommand(context, command.optsWithGlobals<DryRunOptions>())),
    );
  budgets
    .command('suggest')
    .description('limits from what was spent, as a file: 95 % of the periods, and a fifth more')
    .option('--days <count>', 'from how many days', '90')
    .option('--by <scope>', 'team or team,feature', 'team')
    .option('--period <unit>', 'hour, day, week, month, quarter or year', 'month')
    .option('--time-zone <zone>', 'whose calendar', 'UTC')
    .action((_options, command: Command) =>
      choose(() => suggestCommand(context, command.optsWithGlobals<SuggestCommandOptions>())),
    );
}
