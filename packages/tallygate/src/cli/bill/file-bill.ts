import { billCsv, billTable, toTextTable } from '@tallygate/report';
import type { Team } from '@tallygate/usage';
import { billOfFiles, readBilledFiles, readOwners } from '../../bill/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { type CliContext, type CommandOutcome, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { describeRange } from '../time-range.ts';
import { billDocument } from './bill-document.ts';
import { askedBill, type BillOptions } from './bill-options.ts';
import { billedColumns } from './csv-columns.ts';
import { billStatement, foldLines } from './fold-lines.ts';

/** `tallygate bill --csv-file`: what a file says was billed. Nobody is asked, and its days are the range. */
export async function fileBill(
  context: CliContext,
  options: BillOptions,
  teams: readonly Team[],
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  const { by, isBucketed, question } = askedBill({ ...options, bucket: dailyOnly(options) }, nowMs);
  const paths = options.csvFile ?? [];
  if (paths.length === 0)
    throw invalidRequest('--csv-columns is given without a file.', 'Name it with --csv-file.');
  const billed = await readBilledFiles(paths, billedColumns(options.csvColumns));
  const { groupBy, models } = question;
  const bill = billOfFiles(billed, { groupBy, models, nowMs });
  const { fromMs, toMs } = billed;
  const asked = {
    by,
    isBucketed: isBucketed && options.bucket !== undefined,
    question: { ...question, fromMs, toMs },
  };
  const owners = await readOwners({ apiKeys: async () => [], workspaces: async () => [] }, teams);
  const lines = foldLines(bill, asked, owners);
  const statement = billStatement(lines, bill.total, asked, owners);
  say(context, describeRange(asked.question));
  for (const caveat of bill.caveats) say(context, caveat);
  return {
    exitCode: 0,
    document: billDocument({ bill, asked, lines, unowned: [], organizationId: null }),
    text: options.csv ? billCsv(statement) : toTextTable(billTable(statement), widthOf(context)),
  };
}

function dailyOnly({ bucket = '1d', ...options }: BillOptions): string {
  const ranged = [options.days, options.month, options.from, options.to].some((given) => given !== undefined);
  if (ranged) throw invalidRequest('A file is read whole: its days are the range.', 'Leave the range out.');
  if (bucket === '1d') return bucket;
  throw invalidRequest('A file says days, and nothing finer.', 'Use --bucket 1d, or leave it out.');
}
