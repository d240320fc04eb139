import {
  allocateBill,
  allocationCsv,
  allocationTable,
  JOURNAL_TEMPLATES,
  type JournalTemplate,
  journalCsv,
  toTextTable,
} from '@tallygate/report';
import { formatUsd, nearestName, usdFromNano, usdFromPico } from '@tallygate/usage';
import { costCentresOf, journalOfMonth, type MonthBill, readMonthBill } from '../../allocation/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface AllocateOptions extends GlobalOptions {
  month: string;
  csv?: true;
  journal?: string;
}

/** `tallygate allocate`: who bears the bill of a month, to the last unit; as a journal where one is to be posted. */
export async function allocateCommand(
  context: CliContext,
  options: AllocateOptions,
): Promise<CommandOutcome> {
  const month = requireMonth(options.month);
  const template = options.journal === undefined ? null : requireTemplate(options.journal);
  if (options.csv && (options.json || template !== null))
    throw invalidRequest('--csv is one way to print it.', 'Leave out --json and --journal, or --csv.');
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization, gate } = runtime;
    const rules = await gate.configuration();
    const bill = await readMonthBill(requireHistory(runtime), organization, month, rules);
    const lines = allocateBill(bill.toAllocate);
    const costCentreOf = costCentresOf(rules);
    const journal = journalOfMonth(organization, month, lines, rules);
    for (const remark of billRemarks(bill)) say(context, remark);
    return {
      exitCode: 0,
      document: {
        ...{ schema: 'tallygate.allocation/1', organization, month, basis: bill.basis },
        configurationVersion: rules.version,
        totalUsd: usdFromNano(bill.totalNanoUsd),
        lines: lines.map(({ amountNanoUsd, roundingPicoUsd, team, ...line }) => ({
          ...{ team, costCentre: costCentreOf(team), ...line },
          ...{ amountUsd: usdFromNano(amountNanoUsd), roundingUsd: usdFromPico(roundingPicoUsd) },
        })),
        ...(template === null ? {} : { journal }),
      },
      text:
        template !== null
          ? journalCsv(journal, template)
          : options.csv
            ? allocationCsv(lines, costCentreOf)
            : toTextTable(allocationTable(lines, costCentreOf), widthOf(context)),
    };
  });
}

/** What the total is, and what it is not. */
function billRemarks({ basis, totalNanoUsd, month, invoice, elsewhereNanoUsd }: MonthBill): string[] {
  const total = formatUsd(totalNanoUsd);
  const words = {
    invoice: `${total} as invoiced for ${month}${invoice?.isTied === false ? ', which the report does not tie to' : ''}.`,
    report: `${total} as the provider reports it for ${month}; no invoice is allocated.`,
    charges: `${total} as we charged it for ${month}: the month is not reconciled and has no invoice.`,
  };
  const elsewhere = `${formatUsd(elsewhereNanoUsd)} on partner clouds stands on other bills.`;
  return [words[basis], ...(elsewhereNanoUsd === 0n ? [] : [elsewhere])];
}

function requireTemplate(name: string): JournalTemplate {
  const known = Object.keys(JOURNAL_TEMPLATES) as JournalTemplate[];
  const template = known.find((one) => one === name);
  if (template !== undefined) return template;
  const near = nearestName(name, known);
  const cure = near === null ? `Write one of ${known.join(', ')}.` : `Did you mean ${near}?`;
  throw invalidRequest(`There is no layout "${name}" for a journal.`, cure);
}
