import type { Command } from 'commander';
import type { CliContext, CommandOutcome, GlobalOptions } from '../context.ts';
import {
  type EndOptions,
  endOverrideCommand,
  type GrantOptions,
  grantCommand,
  type ObserveOptions,
  observeCommand,
  type PauseOptions,
  pauseCommand,
  type ResumeOptions,
  resumeCommand,
} from './decide-commands.ts';
import { listOverridesCommand } from './list-command.ts';

type Choose = (work: () => Promise<CommandOutcome>) => void;

const REASON = ['--reason <text>', 'why, for the audit'] as const;

/** What is decided at two in the morning: in force with the next call of every process, and over by itself. */
export function addOverrideCommands(
  program: Command,
  budgets: Command,
  context: CliContext,
  choose: Choose,
): void {
  addLimitCommands(budgets, context, choose);
  program
    .command('gate')
    .description('the gate itself')
    .command('observe')
    .description('deny nothing for a time, and record who would have been denied')
    .requiredOption('--for <duration>', 'how long, such as 15m, 1h or 2d')
    .requiredOption(...REASON)
    .action((_options, command: Command) =>
      choose(() => observeCommand(context, command.optsWithGlobals<ObserveOptions>())),
    );
  const overrides = program.command('overrides').description('what is in force beside tallygate.yaml');
  overrides
    .command('list')
    .description('grants, pauses and observing, until when, by whom and why')
    .action((_options, command: Command) =>
      choose(() => listOverridesCommand(context, command.optsWithGlobals<GlobalOptions>())),
    );
  overrides
    .command('end <id>')
    .description('end one before its time')
    .requiredOption(...REASON)
    .action((id: string, _options, command: Command) =>
      choose(() => endOverrideCommand(context, command.optsWithGlobals<EndOptions>(), id)),
    );
}

function addLimitCommands(budgets: Command, context: CliContext, choose: Choose): void {
  budgets
    .command('grant <budget>')
    .description('raise its limit for a time')
    .option('--value <value>', 'of a budget with each: for this user, team … alone')
    .requiredOption('--amount <usd>', 'by how much, such as 200')
    .requiredOption('--for <duration>', 'how long, such as 15m, 1h or 2d')
    .requiredOption(...REASON)
    .action((budget: string, _options, command: Command) =>
      choose(() => grantCommand(context, command.optsWithGlobals<GrantOptions>(), budget)),
    );
  budgets
    .command('pause')
    .description('deny the calls of a feature')
    .requiredOption('--feature <name>', 'as calls name it')
    .option('--for <duration>', 'how long at most, such as 15m, 1h or 2d', '31d')
    .requiredOption(...REASON)
    .action((_options, command: Command) =>
      choose(() => pauseCommand(context, command.optsWithGlobals<PauseOptions>())),
    );
  budgets
    .command('resume')
    .description('end the pause of a feature')
    .requiredOption('--feature <name>', 'as calls name it')
    .requiredOption(...REASON)
    .action((_options, command: Command) =>
      choose(() => resumeCommand(context, command.optsWithGlobals<ResumeOptions>())),
    );
}
