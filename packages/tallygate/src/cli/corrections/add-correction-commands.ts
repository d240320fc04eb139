import type { Command } from 'commander';
import type { CliContext, CommandOutcome } from '../context.ts';
import { type ReassignOptions, reassignCommand } from './reassign-command.ts';
import { type TrueUpOptions, trueUpCommand } from './true-up-command.ts';

type Choose = (work: () => Promise<CommandOutcome>) => void;

/** Signed rows beside what is recorded: each only on somebody's word, with the reason kept. */
export function addCorrectionCommands(program: Command, context: CliContext, choose: Choose): void {
  program
    .command('reassign')
    .description('charge recorded usage to another team, as signed rows beside it; shows only, without --yes')
    .requiredOption(
      '--where <condition>',
      'what is meant, such as feature=triage; all must fit (repeat)',
      (condition: string, others: string[]) => [...others, condition],
      [],
    )
    .requiredOption('--to <team>', 'who is charged from now on')
    .requiredOption('--reason <text>', 'why, kept with each row')
    .option('--month <month>', 'a whole month, such as 2026-10 (default: the current one, to date)')
    .option('--from <date>', 'begin, UTC')
    .option('--until <date>', 'end, not included (default: now)')
    .option('--yes', 'write it')
    .action((_options, command: Command) =>
      choose(() => reassignCommand(context, command.optsWithGlobals<ReassignOptions>())),
    );
  program
    .command('true-up')
    .description(
      'correct guesses by what a reconciliation found of them, as signed rows; shows only, without --yes',
    )
    .requiredOption('--reason <text>', 'why, kept with each row')
    .option('--day <date>', 'the reconciliation of a UTC day (default: the newest)')
    .option('--month <month>', 'of a whole month, such as 2026-10')
    .option('--from <date>', 'of the days from this one on')
    .option('--to <date>', 'day after the last one')
    .option('--provider-organization <id>', 'which one, where several are reconciled')
    .option('--lost-rows', 'also write what lost rows would have said; only when no spool can bring them')
    .option('--yes', 'write it')
    .action((_options, command: Command) =>
      choose(() => trueUpCommand(context, command.optsWithGlobals<TrueUpOptions>())),
    );
}
