import { resolve } from 'node:path';
import { toTextTable, varianceTable } from '@tallygate/report';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { chosenAccess, providerAccesses } from '../configuration/provider-access.ts';
import { historyOfProvider } from '../provider/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { withEvidenceFile } from './evidence-file.ts';
import { type InvoiceHalf, invoiceHalf } from './finance/invoice-half.ts';
import { pullHooks } from './pulls/pull-hooks.ts';
import { reconcileFilesCommand } from './reconcile-files-command.ts';
import type { ReconciledDays } from './reconciliation-port.ts';
import { widthOf } from './report-command.ts';
import { describeRange, type RangeOptions, rangeFrom, type TimeRange, yesterday } from './time-range.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface ReconcileOptions extends GlobalOptions, RangeOptions {
  providerOrganization?: string;
  csvFile?: string[];
  csvColumns?: string;
  backend?: string;
  evidence?: string;
}

const DAY_MS = 86_400_000;

/** `tallygate reconcile`: our totals against the provider's bill. Exit 3 when the difference is over tolerance. */
export async function reconcileCommand(
  context: CliContext,
  options: ReconcileOptions,
): Promise<CommandOutcome> {
  if (options.csvFile !== undefined || options.csvColumns !== undefined || options.backend !== undefined)
    return reconcileFilesCommand(context, options);
  const nowMs = context.clock.nowMs();
  const range = requireWholeDays(rangeFrom(options, nowMs, yesterday(nowMs)));
  const loaded = loadFor(context, options);
  const accesses = providerAccesses(loaded, context.environment);
  const access = chosenAccess(accesses, options.providerOrganization);
  return withRuntime(context, loaded, async (opened) => {
    const { organizationId } = access;
    const isFirst = access === accesses[0];
    const history = historyOfProvider(requireHistory(opened), { organizationId, isFirst });
    const runtime = { ...opened, history };
    const hooks = pullHooks(context, loaded, history);
    const adminApi = context.openAdminApi(access, hooks);
    const { pending } = await runtime.sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool; they will count as not metered.`);
    const onProgress = (message: string) => say(context, message);
    const asked = { runtime, adminApi, range, onProgress };
    const days = await withEvidenceFile(evidencePath(context, options), (listener) =>
      context.reconcileDays({ ...asked, listener }),
    );
    const whose = organizationId === null ? {} : { providerOrganizationId: organizationId };
    const half = await invoiceHalf(runtime, range, days.variance.billedPicoUsd, { organizationId, isFirst });
    const said = { ...whose, pendingInSpool: pending };
    return reconciledOutcome(context, { organization: runtime.organization, range, days, half, said });
  });
}

/** Where `--evidence` goes; undefined: nowhere. */
export function evidencePath(
  { workingDirectory }: CliContext,
  { evidence }: ReconcileOptions,
): string | undefined {
  return evidence === undefined ? undefined : resolve(workingDirectory, evidence);
}

/** How a comparison is told, whatever it was made from. @param said what the document says beside it. */
export function reconciledOutcome(
  context: CliContext,
  told: {
    organization: string;
    range: TimeRange;
    days: ReconciledDays;
    half: InvoiceHalf | null;
    said: Record<string, unknown>;
  },
): CommandOutcome {
  const { organization, range, days, half, said } = told;
  const { withinTolerance } = days;
  say(context, `Organization ${organization}, ${describeRange(range)}`);
  for (const remark of days.remarks) say(context, remark);
  const tables = [varianceTable(days.variance), ...(half === null ? [] : [half.table])];
  return {
    exitCode: withinTolerance && half?.isTied !== false ? 0 : 3,
    document: {
      ...{ schema: 'tallygate.reconciliation/2', ...said },
      ...{ from: isoFromMs(range.fromMs), to: isoFromMs(range.toMs), withinTolerance, ...days.document },
      ...(half === null ? {} : { invoice: half.document }),
    },
    text:
      tables.map((table) => toTextTable(table, widthOf(context))).join('\n') +
      nextOf([...days.nextActions, ...(half?.nextActions ?? [])]),
  };
}

/** Under the waterfall: what to do. */
function nextOf(nextActions: ReconciledDays['nextActions']): string {
  if (nextActions.length === 0) return '';
  return `\nNext\n${nextActions.map(({ name, nextAction }) => `  ${name}: ${nextAction}\n`).join('')}`;
}

/** The provider bills by UTC day; a part of one has no counterpart. */
export function requireWholeDays(range: TimeRange): TimeRange {
  if (range.fromMs % DAY_MS === 0 && range.toMs % DAY_MS === 0) return range;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${describeRange(range)} is not a row of whole UTC days.`,
    cure: 'Name whole days, such as --from 2026-10-01 --to 2026-11-01.',
  });
}
