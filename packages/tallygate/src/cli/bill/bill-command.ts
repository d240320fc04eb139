import type { AdminApi } from '@tallygate/admin-api';
import { billCsv, billTable, toTextTable } from '@tallygate/report';
import { TallygateError } from '@tallygate/usage';
import { readBill, readOwners, unownedOf } from '../../bill/index.ts';
import type { LoadedConfig } from '../../configuration/load.ts';
import { chosenAccess, type ProviderAccess, providerAccesses } from '../../configuration/provider-access.ts';
import { type CliContext, type CommandOutcome, say } from '../context.ts';
import { withPulls } from '../pulls/pull-hooks.ts';
import { widthOf } from '../report-command.ts';
import { describeRange } from '../time-range.ts';
import { loadFor } from '../with-runtime.ts';
import { billDocument } from './bill-document.ts';
import { type AskedBill, askedBill, type BillOptions } from './bill-options.ts';
import { billRemarks } from './bill-remarks.ts';
import { fileBill } from './file-bill.ts';
import { billStatement, foldLines } from './fold-lines.ts';

/** By what a team is told. */
const OWNED_BY = ['api_key_id', 'workspace_id'] as const;

interface Asked {
  options: BillOptions;
  asked: AskedBill;
  loaded: LoadedConfig;
  access: ProviderAccess;
}

/** `tallygate bill`: what the provider counted and billed. Needs an admin key and nothing else: no call was ever metered. Where there is a ledger, what was read is stored. */
export async function billCommand(context: CliContext, options: BillOptions): Promise<CommandOutcome> {
  if (options.csv && options.json) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: '--csv and --json exclude each other.',
      cure: 'Use one.',
    });
  }
  const asked = askedBill(options, context.clock.nowMs());
  const loaded = loadFor(context, options);
  if (options.csvFile !== undefined || options.csvColumns !== undefined)
    return fileBill(context, options, loaded.desired?.teams ?? []);
  const access = chosenAccess(providerAccesses(loaded, context.environment), options.providerOrganization);
  return withPulls(context, loaded, (hooks) =>
    answerBill(context, context.openAdminApi(access, hooks), { options, asked, loaded, access }),
  );
}

async function answerBill(
  context: CliContext,
  adminApi: AdminApi,
  { options, asked, loaded, access }: Asked,
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  say(context, "Reading the provider's reports …");
  const bill = await readBill(adminApi, asked.question, nowMs);
  const owners = await readOwners(adminApi, loaded.desired?.teams ?? []);
  const tellsOwners = OWNED_BY.every((dimension) => asked.question.groupBy.includes(dimension));
  const byOwner = tellsOwners
    ? bill
    : await readBill(adminApi, { ...asked.question, groupBy: OWNED_BY }, nowMs);
  const unowned = unownedOf(byOwner.lines, owners);
  const lines = foldLines(bill, asked, owners);
  const statement = billStatement(lines, bill.total, asked, owners);
  say(context, describeRange(asked.question));
  for (const remark of billRemarks(bill, { unowned, hasFile: loaded.desired !== null, nowMs }))
    say(context, remark);
  return {
    exitCode: 0,
    document: billDocument({ bill, asked, lines, unowned, organizationId: access.organizationId }),
    text: options.csv ? billCsv(statement) : toTextTable(billTable(statement), widthOf(context)),
  };
}
