import { TallygateError } from '@tallygate/usage';
import { Command, CommanderError } from 'commander';
import { type AlertsListOptions, alertsListCommand } from './alerts/list-alerts.ts';
import { addBillCommand } from './bill/add-bill-command.ts';
import { budgetsListCommand, budgetsShowCommand, type ShowOptions } from './budgets-command.ts';
import type { CliContext, CommandOutcome, GlobalOptions } from './context.ts';
import { addCorrectionCommands } from './corrections/add-correction-commands.ts';
import { doctorCommand } from './doctor-command.ts';
import { type DriftOptions, driftCommand } from './drift-command.ts';
import { type ExportOptions, exportCommand } from './export-command.ts';
import { addFinanceCommands } from './finance/add-finance-commands.ts';
import { type ImportOptions, importCommand } from './import-command.ts';
import { initCommand } from './init-command.ts';
import { type LedgerDdlOptions, ledgerDdlCommand } from './ledger-ddl-command.ts';
import { finish } from './outcome.ts';
import { addOverrideCommands } from './overrides/override-commands.ts';
import { type ApplyCommandOptions, applyCommand, planCommand } from './plan-commands.ts';
import { type PricesShowOptions, pricesCheckCommand, pricesShowCommand } from './prices/check-and-show.ts';
import {
  type PricesPublishOptions,
  pricesDiffCommand,
  pricesPublishCommand,
} from './prices/diff-and-publish.ts';
import { type PricesRerateOptions, pricesRerateCommand } from './prices/rerate.ts';
import { addPullsCommands } from './pulls/add-pulls-commands.ts';
import { type RebuildOptions, rebuildCommand } from './rebuild-command.ts';
import { type RebuildGateOptions, rebuildGateCommand } from './rebuild-gate-command.ts';
import { type ReconcileOptions, reconcileCommand } from './reconcile-command.ts';
import { type ServeOptions, serveCommand } from './serve-command.ts';
import { spoolDeadCommand, spoolRetryCommand, spoolStatusCommand } from './spool-command.ts';
import { addTrialCommands } from './trial/trial-commands.ts';
import { addUsageCommands } from './usage-commands.ts';
import { whyCommand } from './why/why-command.ts';

const EXAMPLES = `Examples:
  tallygate report --month 2026-10 --by team,feature,model
  tallygate budgets list
  tallygate reconcile --day 2026-10-31
  tallygate init && tallygate plan && tallygate apply --reason "budgets for November"

Exit codes: 0 ok, 1 failure, 2 wrong use, 3 a check failed, 4 something upstream did not answer.`;

/**
 * Runs one command line (without "node" and the script) and returns its exit code. Never throws and never ends the process.
 * With `--json` anywhere, stdout gets exactly one JSON document, whatever happens: also for a command line that is wrong.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const json = argv.includes('--json');
  return finish(context, json, () => outcomeOf(argv, context));
}

async function outcomeOf(argv: readonly string[], context: CliContext): Promise<CommandOutcome> {
  let printed = '';
  let chosen: Work | null = null;
  const program = createProgram(context, {
    print: (text) => {
      printed += text;
    },
    choose: (work) => {
      chosen = work;
    },
  });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return fromCommander(error, printed);
    throw error;
  }
  return await (chosen ?? noCommand)();
}

type Work = () => Promise<CommandOutcome>;

interface Parsing {
  /** Receives help and version. */
  print(text: string): void;
  /** Receives the work of the command that was named; it starts only after the whole line was understood. */
  choose(work: Work): void;
}

function createProgram(context: CliContext, { print, choose }: Parsing): Command {
  const program = new Command('tallygate')
    .description('Where calls to Claude spend money, how much they may, and whether the bill agrees.')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .configureHelp({ showGlobalOptions: true })
    .version(context.versions.tallygate)
    .option('--data <directory>', 'data directory (TALLYGATE_DATA)')
    .option('--organization <name>', 'organization (TALLYGATE_ORGANIZATION)')
    .option('--config <file>', 'tallygate.yaml to read (TALLYGATE_CONFIG)')
    .option('--json', 'one JSON document on stdout, nothing else')
    .addHelpText('after', `\n${EXAMPLES}`);
  addUsageCommands(program, context, choose);
  addBillingCommands(program, context, choose);
  addFinanceCommands(program, context, choose);
  addBudgetCommands(program, context, choose);
  addPriceCommands(program, context, choose);
  addCorrectionCommands(program, context, choose);
  addSpoolCommands(program, context, choose);
  addOperationCommands(program, context, choose);
  return program;
}

function addBillingCommands(program: Command, context: CliContext, choose: Parsing['choose']): void {
  addBillCommand(program, context, choose);
  addPullsCommands(program, context, choose);
  program
    .command('reconcile')
    .description("compare with the provider's bill (needs ANTHROPIC_ADMIN_KEY, or the bill as a file)")
    .option('--provider-organization <id>', 'which one, where tallygate.yaml lists several')
    .option(
      '--csv-file <file>',
      'instead of asking: usage and cost exported from the Console; may be repeated',
      (value: string, before: string[] = []) => [...before, value],
    )
    .option('--csv-columns <list>', 'field=column of a bill of another cloud: date, amount, model …')
    .option('--backend <name>', 'whose bill the file is: bedrock, vertex, foundry (default: anthropic)')
    .option('--evidence <file>', 'CSV of every finding; the result keeps the 200 largest of each cause')
    .option('--day <date>', 'one UTC day (default: yesterday)')
    .option('--from <date>', 'first day')
    .option('--to <date>', 'day after the last one')
    .option('--month <month>', 'a whole month')
    .action((_options, command: Command) =>
      choose(() => reconcileCommand(context, command.optsWithGlobals<ReconcileOptions>())),
    );
  program
    .command('import <file>')
    .description('usage of the past, from JSON lines, a JSON array or CSV')
    .option('--format <format>', 'jsonl, json or csv (default: by its name or its first character)')
    .option('--map <list>', 'field=column, separated by commas, where names are not recognised')
    .option('--dry-run', 'read and price everything, write nothing')
    .action((file: string, _options, command: Command) =>
      choose(() => importCommand(context, command.optsWithGlobals<ImportOptions>(), file)),
    );
  program
    .command('export')
    .description('recorded rows as files, one per UTC day')
    .option('--from <date>', 'first day')
    .option('--to <date>', 'day after the last one (default: today)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .option('--format <format>', 'csv or parquet', 'csv')
    .requiredOption('--out <directory>', 'where the files go; whole ones there are left as they are')
    .action((_options, command: Command) =>
      choose(() => exportCommand(context, command.optsWithGlobals<ExportOptions>())),
    );
  const rebuild = program.command('rebuild');
  rebuild
    .command('gate')
    .description('the live counters, read from the ledger again; an outage of about a second')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--force', 'although the ledger is behind')
    .action((_options, command: Command) =>
      choose(() => rebuildGateCommand(context, command.optsWithGlobals<RebuildGateOptions>())),
    );
  rebuild
    .description('the sums of a range, added up again from its rows')
    .option('--from <date>', 'first day')
    .option('--to <date>', 'day after the last one (default: now)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .action((_options, command: Command) =>
      choose(() => rebuildCommand(context, command.optsWithGlobals<RebuildOptions>())),
    );
}

function addBudgetCommands(program: Command, context: CliContext, choose: Parsing['choose']): void {
  const budgets = program.command('budgets').description('budgets: limit, spent, held, available');
  budgets
    .command('list')
    .description('every budget in its current period; of one with each, the values that were charged most')
    .action((_options, command: Command) =>
      choose(() => budgetsListCommand(context, command.optsWithGlobals<GlobalOptions>())),
    );
  budgets
    .command('show <id>')
    .description('one budget in full')
    .option('--value <value>', 'of a budget with each: whose it is')
    .action((id: string, _options, command: Command) =>
      choose(() => budgetsShowCommand(context, command.optsWithGlobals<ShowOptions>(), id)),
    );
  addOverrideCommands(program, budgets, context, choose);
  addTrialCommands(budgets, context, choose);
  program
    .command('alerts')
    .description('thresholds that budgets have reached')
    .command('list')
    .description('which, when, and who was told')
    .option('--month <month>', 'of periods that began in it, such as 2026-10 (default: the last 31 days)')
    .action((_options, command: Command) =>
      choose(() => alertsListCommand(context, command.optsWithGlobals<AlertsListOptions>())),
    );
  program
    .command('why <denial-id>')
    .description('what denied a call, with which numbers, until when, and what to do')
    .action((id: string, _options, command: Command) =>
      choose(() => whyCommand(context, command.optsWithGlobals<GlobalOptions>(), id)),
    );
  program
    .command('init')
    .description('write a commented tallygate.yaml')
    .action((_options, command: Command) =>
      choose(() => initCommand(context, command.optsWithGlobals<GlobalOptions>())),
    );
  program
    .command('plan')
    .description('what apply would change')
    .action((_options, command: Command) =>
      choose(() => planCommand(context, command.optsWithGlobals<GlobalOptions>())),
    );
  program
    .command('apply')
    .description('put tallygate.yaml in force')
    .option('--reason <text>', 'why, for the audit')
    .action((_options, command: Command) =>
      choose(() => applyCommand(context, command.optsWithGlobals<ApplyCommandOptions>())),
    );
}

function addPriceCommands(program: Command, context: CliContext, choose: Parsing['choose']): void {
  const prices = program.command('prices').description('list prices and contract prices');
  prices
    .command('check [file]')
    .description('is it a price book, and does anything in it look like a slip (default: the one in force)')
    .action((file: string | undefined, _options, command: Command) =>
      choose(() => pricesCheckCommand(context, command.optsWithGlobals<GlobalOptions>(), file)),
    );
  prices
    .command('show')
    .description('what a million tokens cost')
    .option('--model <name>', 'one model, by any exact name')
    .option('--at <date>', 'at that instant, UTC (default: now)')
    .option('--book', 'the whole book as JSON, to be edited and published')
    .action((_options, command: Command) =>
      choose(() => pricesShowCommand(context, command.optsWithGlobals<PricesShowOptions>())),
    );
  prices
    .command('diff [file]')
    .description('built-in, in force, and the file: what changes for which model from which day')
    .action((file: string | undefined, _options, command: Command) =>
      choose(() => pricesDiffCommand(context, command.optsWithGlobals<GlobalOptions>(), file)),
    );
  prices
    .command('publish [file]')
    .description('put a price book in force for every process')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--built-in', 'go back to the book of each release')
    .option('--rewrite-history', 'although it changes what usage was already charged by')
    .action((file: string | undefined, _options, command: Command) =>
      choose(() => pricesPublishCommand(context, command.optsWithGlobals<PricesPublishOptions>(), file)),
    );
  prices
    .command('rerate')
    .description('what the prices in force make of usage that is recorded, per team and model')
    .option('--from <date>', 'begin, UTC')
    .option('--to <date>', 'end, not included (default: now)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .option('--apply', 'write the differences as corrections')
    .option('--reason <text>', 'why, kept with each correction')
    .action((_options, command: Command) =>
      choose(() => pricesRerateCommand(context, command.optsWithGlobals<PricesRerateOptions>())),
    );
}

function addSpoolCommands(program: Command, context: CliContext, choose: Parsing['choose']): void {
  const spool = program.command('spool').description('usage on this disk that the ledger has not taken');
  const commands = [
    ['status', 'what waits, since when, and whose it is', spoolStatusCommand],
    ['dead', 'what the ledger refused, and why', spoolDeadCommand],
    ['retry', 'send what it refused once more', spoolRetryCommand],
  ] as const;
  for (const [name, description, run] of commands) {
    spool
      .command(name)
      .description(description)
      .action((_options, command: Command) =>
        choose(() => run(context, command.optsWithGlobals<GlobalOptions>())),
      );
  }
}

function addOperationCommands(program: Command, context: CliContext, choose: Parsing['choose']): void {
  program
    .command('drift')
    .description('does the gate count what the ledger holds (exit 3 where it does not)')
    .option('--adjust', 'end a drift by a signed settlement')
    .action((_options, command: Command) =>
      choose(() => driftCommand(context, command.optsWithGlobals<DriftOptions>())),
    );
  program
    .command('ledger')
    .description('the ledger itself')
    .command('ddl')
    .description('its tables as statements for ClickHouse')
    .option('--cluster <name>', 'replicated and distributed over this cluster')
    .action((_options, command: Command) =>
      choose(() => ledgerDdlCommand(command.optsWithGlobals<LedgerDdlOptions>())),
    );
  program
    .command('doctor')
    .description('check this installation')
    .action((_options, command: Command) =>
      choose(() => doctorCommand(context, command.optsWithGlobals<GlobalOptions>())),
    );
  program
    .command('serve')
    .description('own the data directory for other processes until stopped')
    .option('--port <port>', 'answer on 127.0.0.1 as well (TALLYGATE_CONSOLE_PORT)')
    .action((_options, command: Command) =>
      choose(() => serveCommand(context, command.optsWithGlobals<ServeOptions>())),
    );
}

/** Help and version are answers; everything else that the parser throws is a command line to correct. */
function fromCommander(error: CommanderError, printed: string): CommandOutcome {
  if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version')
    return { exitCode: 0, document: { schema: 'tallygate.text/1', text: printed }, text: printed };
  if (error.code === 'commander.help') return noCommand();
  const [, near] = /\(Did you mean (.+)\?\)/.exec(error.message) ?? [];
  const sentence = error.message.replace(/^error: /, '').replace(/\s*\(Did you mean.*/s, '');
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
    cure: near === undefined ? 'See "tallygate --help".' : `Did you mean ${near}?`,
  });
}

function noCommand(): never {
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'No command was given.',
    cure: 'Name one, such as report or "budgets list"; see "tallygate --help".',
  });
}
