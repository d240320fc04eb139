import {
  allocationCsv,
  allocationTable,
  JOURNAL_TEMPLATES,
  type JournalLine,
  type JournalTemplate,
  journalCsv,
  sumOf,
  toTextTable,
} from '@tallygate/report';
import { FINANCE_DEFAULTS, formatUsd, nearestName, usdFromNano, usdFromPico } from '@tallygate/usage';
import { costCentresOf, journalOfMonth, type MonthBill } from '../../allocation/index.ts';
import { type MonthAllocation, monthAllocation } from '../../closing/index.ts';
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
    const found = await monthAllocation(requireHistory(runtime), await gate.configuration(), month);
    const { lines, corrections, rules } = found;
    const costCentreOf = costCentresOf(rules);
    const journal = journalOfMonth(organization, found, rules);
    for (const remark of remarksOn(found)) say(context, remark);
    if (template !== null) for (const remark of accountRemarks(rules)) say(context, remark);
    return {
      exitCode: 0,
      document: {
        ...{ schema: 'tallygate.allocation/1', organization, month, basis: found.basis },
        configurationVersion: found.configurationVersion,
        totalUsd: usdFromNano(found.totalNanoUsd),
        lines: lines.map(({ amountNanoUsd, roundingPicoUsd, team, ...line }) => ({
          ...{ team, costCentre: costCentreOf(team), ...line },
          ...{ amountUsd: usdFromNano(amountNanoUsd), roundingUsd: usdFromPico(roundingPicoUsd) },
        })),
        corrections: corrections.map(({ team, amountNanoUsd, ...correction }) => ({
          ...{ ...correction, team, costCentre: costCentreOf(team), amountUsd: usdFromNano(amountNanoUsd) },
        })),
        ...(template === null ? {} : { journal }),
      },
      text: textOf(context, journal, found, options.csv ? 'csv' : template),
    };
  });
}

/** As it was printed, where the month is closed and this was: hashes must hold. */
function textOf(
  context: CliContext,
  journal: readonly JournalLine[],
  found: MonthAllocation,
  form: JournalTemplate | 'csv' | null,
): string {
  const { lines, rules, files } = found;
  const costCentreOf = costCentresOf(rules);
  if (form === null) return toTextTable(allocationTable(lines, costCentreOf), widthOf(context));
  if (form === 'csv') return files['allocation.csv'] ?? allocationCsv(lines, costCentreOf);
  const frozen = form === 'generic' ? files['journal.csv'] : undefined;
  return frozen ?? journalCsv(journal, form);
}

function remarksOn({ month, bill, totalNanoUsd, corrections }: MonthAllocation): string[] {
  const told =
    bill === null
      ? [`${formatUsd(totalNanoUsd)} as ${month} was closed; what came later stands in the next open month.`]
      : billRemarks(bill);
  const months = [...new Set(corrections.map((correction) => correction.month))];
  const carried = months.map((of) => {
    const own = corrections.filter((correction) => correction.month === of);
    return `Corrections of ${of}, which is closed, stand in the journal beside it: ${own.length}, together ${formatUsd(sumOf(own))}.`;
  });
  return [...told, ...carried];
}

/** A program that posts a journal refuses a line without an account. */
function accountRemarks({ finance = FINANCE_DEFAULTS }: MonthAllocation['rules']): string[] {
  const needed = ['expenseAccount', 'clearingAccount', 'clearingCostCentre'] as const;
  const missing = needed.filter((name) => finance[name] === '');
  if (missing.length === 0) return [];
  return [`Empty in the journal: tallygate.yaml names no ${missing.join(', ')} under finance.`];
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
