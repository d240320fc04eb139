import { billCsv, billTable, toTextTable } from '@tallygate/report';
import { TallygateError } from '@tallygate/usage';
import { readBill, readOwners, unownedOf } from '../../bill/index.ts';
import { type CliContext, type CommandOutcome, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { describeRange } from '../time-range.ts';
import { loadFor } from '../with-runtime.ts';
import { billDocument } from './bill-document.ts';
import { askedBill, type BillOptions } from './bill-options.ts';
import { billRemarks } from './bill-remarks.ts';
import { billStatement, foldLines } from './fold-lines.ts';

/** By what a team is told. */
const OWNED_BY = ['api_key_id', 'workspace_id'] as const;

/** `tallygate bill`: what the provider counted and billed. Needs an admin key and nothing else: no call was ever metered. */
export async function billCommand(context: CliContext, options: BillOptions): Promise<CommandOutcome> {
  if (options.csv && options.json) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: '--csv and --json exclude each other.',
      cure: 'Use one.',
    });
  }
  const nowMs = context.clock.nowMs();
  const asked = askedBill(options, nowMs);
  const { config, desired } = loadFor(context, options);
  const adminApi = context.openAdminApi(config);
  say(context, "Reading the provider's reports …");
  const bill = await readBill(adminApi, asked.question, nowMs);
  const owners = await readOwners(adminApi, desired?.teams ?? []);
  const tellsOwners = OWNED_BY.every((dimension) => asked.question.groupBy.includes(dimension));
  const byOwner = tellsOwners
    ? bill
    : await readBill(adminApi, { ...asked.question, groupBy: OWNED_BY }, nowMs);
  const unowned = unownedOf(byOwner.lines, owners);
  const lines = foldLines(bill, asked, owners);
  const statement = billStatement(lines, bill.total, asked, owners);
  say(context, describeRange(asked.question));
  for (const remark of billRemarks(bill, unowned, nowMs)) say(context, remark);
  return {
    exitCode: 0,
    document: billDocument({ bill, asked, lines, unowned }),
    text: options.csv ? billCsv(statement) : toTextTable(billTable(statement), widthOf(context)),
  };
}
