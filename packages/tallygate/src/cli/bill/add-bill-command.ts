import type { Command } from 'commander';
import type { CliContext, CommandOutcome } from '../context.ts';
import { billCommand } from './bill-command.ts';
import type { BillOptions } from './bill-options.ts';

const EXAMPLES = `Group by: model, workspace, api_key, tier, geography, band, speed, product, team.\nMore than five (team counts for key and workspace) take a question for each value of some of them.

Examples:
  tallygate bill --days 30
  tallygate bill --month 2026-10 --group-by team,model
  tallygate bill --days 1 --bucket 1h --group-by api_key --csv > hours.csv
  tallygate bill --csv-file focus.csv --csv-columns date=ChargePeriodStart,amount=BilledCost,currency=BillingCurrency,model=SkuId`;

export function addBillCommand(
  program: Command,
  context: CliContext,
  choose: (work: () => Promise<CommandOutcome>) => void,
): void {
  const collect = (value: string, before: string[] = []) => [...before, value];
  program
    .command('bill')
    .description('what the provider counted and billed (needs ANTHROPIC_ADMIN_KEY, and no metered call)')
    .option('--days <count>', 'the last days, today among them (default: 30)')
    .option('--month <month>', 'a whole month, such as 2026-10')
    .option('--from <date>', 'begin, UTC')
    .option('--to <date>', 'end, not included (default: now)')
    .option('--bucket <width>', 'also by 1m, 1h or 1d')
    .option('--group-by <list>', 'separated by commas (default: model)')
    .option('--model <name>', 'only this one; may be repeated', collect)
    .option('--provider-organization <id>', 'which one, where tallygate.yaml lists several')
    .option(
      '--csv-file <file>',
      'instead of asking: usage or cost exported from the Console; may be repeated',
      collect,
    )
    .option('--csv-columns <list>', 'field=column of a bill of another cloud: date, amount, model …')
    .option('--csv', 'CSV with every class of tokens')
    .addHelpText('after', `\n${EXAMPLES}`)
    .action((_options, command: Command) =>
      choose(() => billCommand(context, command.optsWithGlobals<BillOptions>())),
    );
}
