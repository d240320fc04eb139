import type { Command } from 'commander';
import type { CliContext, CommandOutcome, GlobalOptions } from '../context.ts';
import { type AllocateOptions, allocateCommand } from './allocate-command.ts';
import { type BalanceOptions, invoiceBalanceCommand } from './balance-command.ts';
import { type CloseOptions, closeCommand } from './close-command.ts';
import { type EvidenceOptions, evidenceCommand } from './evidence-command.ts';
import {
  type InvoiceAddOptions,
  type InvoiceListOptions,
  invoiceAddCommand,
  invoiceListCommand,
  invoiceShowCommand,
} from './invoice-commands.ts';
import { type StatementOptions, statementCommand } from './statement-command.ts';

type Choose = (work: () => Promise<CommandOutcome>) => void;

/** From the provider's invoice to what each team is told. */
export function addFinanceCommands(program: Command, context: CliContext, choose: Choose): void {
  addInvoiceCommands(program, context, choose);
  program
    .command('allocate')
    .description('who bears the bill of a month, by tallygate.yaml')
    .requiredOption('--month <month>', 'such as 2026-10')
    .option('--csv', 'CSV, exact, with what rounding gave each line')
    .option('--journal <layout>', 'as a balanced journal: generic, netsuite or quickbooks')
    .action((_options, command: Command) =>
      choose(() => allocateCommand(context, command.optsWithGlobals<AllocateOptions>())),
    );
  program
    .command('close')
    .description('freeze a month: its statements, with hashes and versions')
    .requiredOption('--month <month>', 'such as 2026-10; it must be over')
    .option('--reopen', 'open a closed one again')
    .option('--reason <text>', 'why, for the audit; needed to open one again')
    .action((_options, command: Command) =>
      choose(() => closeCommand(context, command.optsWithGlobals<CloseOptions>())),
    );
  program
    .command('statement')
    .description('what a team is told of a month; of a closed one what it was told then')
    .requiredOption('--month <month>', 'such as 2026-10')
    .requiredOption('--team <id>', 'as tallygate.yaml names it')
    .option('--html', 'a page that prints')
    .option('--csv', 'CSV, exact')
    .action((_options, command: Command) =>
      choose(() => statementCommand(context, command.optsWithGlobals<StatementOptions>())),
    );
  program
    .command('evidence <month/team>')
    .description('what a statement rests on: rows, prices, reports, decisions, with their hashes')
    .option('--out <directory>', 'where it goes (default: evidence-<month>-<team>)')
    .action((subject: string, _options, command: Command) =>
      choose(() => evidenceCommand(context, command.optsWithGlobals<EvidenceOptions>(), subject)),
    );
}

function addInvoiceCommands(program: Command, context: CliContext, choose: Choose): void {
  const invoice = program.command('invoice').description("the provider's invoices, as they were received");
  invoice
    .command('add')
    .description('record one, or with --reason the next version of one')
    .requiredOption('--month <month>', 'whose usage it asks for, such as 2026-10')
    .requiredOption('--number <number>', 'as printed on it')
    .requiredOption('--issued <date>', 'the day on it')
    .requiredOption('--amount <usd>', 'what is to be paid; negative for a credit note')
    .option('--credits <usd>', 'granted credits it takes off')
    .option('--tax <usd>', 'tax it adds')
    .option('--commitment <usd>', 'usage that a commitment had paid before, taken off')
    .option('--shortfall <usd>', 'what usage stayed below a commitment, added')
    .option('--purchase', 'credit bought in advance: it is no usage')
    .option('--provider-organization <id>', 'who is billed, where tallygate.yaml lists several')
    .option('--currency <code>', 'only USD is understood', 'USD')
    .option('--file <path>', 'the document: its hash is kept, not the file')
    .option('--reason <text>', 'why it is corrected')
    .action((_options, command: Command) =>
      choose(() => invoiceAddCommand(context, command.optsWithGlobals<InvoiceAddOptions>())),
    );
  invoice
    .command('list')
    .description('those in force')
    .option('--month <month>', 'of one month, such as 2026-10')
    .action((_options, command: Command) =>
      choose(() => invoiceListCommand(context, command.optsWithGlobals<InvoiceListOptions>())),
    );
  invoice
    .command('balance')
    .description('credit bought in advance, and what each month drew from it')
    .option('--month <month>', 'up to this one (default: the current one)')
    .action((_options, command: Command) =>
      choose(() => invoiceBalanceCommand(context, command.optsWithGlobals<BalanceOptions>())),
    );
  invoice
    .command('show <number>')
    .description('one with every version of it')
    .action((number: string, _options, command: Command) =>
      choose(() => invoiceShowCommand(context, command.optsWithGlobals<GlobalOptions>(), number)),
    );
}
