import { toTextTable } from '@tallygate/report';
import { FINANCE_DEFAULTS, formatUsd, nanoFromPico, usdFromPico } from '@tallygate/usage';
import { monthOf, type PrepaidMonth, prepaidBalance } from '../../allocation/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface BalanceOptions extends GlobalOptions {
  month?: string;
}

/** `tallygate invoice balance`: credit that was bought in advance, and what each month drew from it. Exit 3 where more was drawn. */
export async function invoiceBalanceCommand(
  context: CliContext,
  options: BalanceOptions,
): Promise<CommandOutcome> {
  const lastMonth = requireMonth(options.month ?? monthOf(context.clock.nowMs()));
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization, gate } = runtime;
    const configuration = await gate.configuration();
    if ((configuration.finance ?? FINANCE_DEFAULTS).billing !== 'prepaid')
      throw invalidRequest(
        'Usage of this organization is invoiced, not drawn from credit.',
        'Write "finance: { billing: prepaid }" in tallygate.yaml where it is, and apply that.',
      );
    const months = await prepaidBalance(requireHistory(runtime), configuration, lastMonth);
    if (months.length === 0) say(context, 'No purchase of credit is recorded.');
    for (const { month } of months.filter(({ basis }) => basis === 'charges'))
      say(context, `${month} is not reconciled: what it drew is what we charged.`);
    const short = months.find(({ closingPicoUsd }) => closingPicoUsd < 0n);
    if (short !== undefined)
      say(context, `More was drawn in ${short.month} than was bought: a purchase is not recorded.`);
    return {
      exitCode: short === undefined ? 0 : 3,
      document: { schema: 'tallygate.balance/1', organization, months: months.map(monthDocument) },
      text: months.length === 0 ? '' : toTextTable(balanceTable(months), widthOf(context)),
    };
  });
}

function monthDocument({ month, basis, purchases, ...amounts }: PrepaidMonth) {
  return {
    month,
    openingUsd: usdFromPico(amounts.openingPicoUsd),
    boughtUsd: usdFromPico(amounts.boughtPicoUsd),
    drawnUsd: usdFromPico(amounts.drawnPicoUsd),
    closingUsd: usdFromPico(amounts.closingPicoUsd),
    ...{ basis, purchases },
  };
}

function balanceTable(months: readonly PrepaidMonth[]): Parameters<typeof toTextTable>[0] {
  const usd = (amountPicoUsd: bigint) => formatUsd(nanoFromPico(amountPicoUsd));
  return {
    columns: [
      { title: 'Month', align: 'left' },
      ...['Opening', 'Bought', 'Drawn', 'Closing'].map((title) => ({ title, align: 'right' as const })),
    ],
    rows: months.map((one) => [
      ...[one.month, usd(one.openingPicoUsd), usd(one.boughtPicoUsd)],
      ...[usd(one.drawnPicoUsd), usd(one.closingPicoUsd)],
    ]),
  };
}
