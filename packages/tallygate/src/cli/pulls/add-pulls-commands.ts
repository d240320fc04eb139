import type { Command } from 'commander';
import type { CliContext, CommandOutcome } from '../context.ts';
import { pullsDriftCommand, pullsListCommand, type StoredPullsOptions } from './stored-pulls.ts';

/** `tallygate pulls`: what the provider has said, and when. */
export function addPullsCommands(
  program: Command,
  context: CliContext,
  choose: (work: () => Promise<CommandOutcome>) => void,
): void {
  const pulls = program.command('pulls').description("the provider's reports as they were pulled");
  withRange(pulls.command('list'))
    .description('every stored version of every report')
    .action((_options, command: Command) =>
      choose(() => pullsListCommand(context, command.optsWithGlobals<StoredPullsOptions>())),
    );
  withRange(pulls.command('drift'))
    .description(
      'what one pull said of a day and a later one says otherwise (exit 3 for what was final or closed)',
    )
    .action((_options, command: Command) =>
      choose(() => pullsDriftCommand(context, command.optsWithGlobals<StoredPullsOptions>())),
    );
}

function withRange(command: Command): Command {
  return command
    .option('--days <count>', 'of the last days, today among them (default: 31)')
    .option('--month <month>', 'of a whole month, such as 2026-10')
    .option('--from <date>', 'first day')
    .option('--to <date>', 'day after the last one');
}
