import { toTextTable, varianceTable } from '@tallygate/report';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { chosenAccess, providerAccesses } from '../configuration/provider-access.ts';
import { historyOfProvider } from '../provider/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { invoiceHalf } from './finance/invoice-half.ts';
import { pullHooks } from './pulls/pull-hooks.ts';
import type { ReconciledDays } from './reconciliation-port.ts';
import { widthOf } from './report-command.ts';
import { describeRange, type RangeOptions, rangeFrom, type TimeRange, yesterday } from './time-range.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export type ReconcileOptions = GlobalOptions & RangeOptions & { providerOrganization?: string };

const DAY_MS = 86_400_000;

/** `tallygate reconcile`: our totals against the provider's bill. Exit 3 when the difference is over tolerance. */
export async function reconcileCommand(
  context: CliContext,
  options: ReconcileOptions,
): Promise<CommandOutcome> {
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
    const days = await context.reconcileDays({ runtime, adminApi, range, onProgress });
    say(context, `Organization ${runtime.organization}, ${describeRange(range)}`);
    for (const remark of days.remarks) say(context, remark);
    const { fromMs, toMs } = range;
    const whose = organizationId === null ? {} : { providerOrganizationId: organizationId };
    const head = {
      schema: 'tallygate.reconciliation/2',
      ...whose,
      from: isoFromMs(fromMs),
      to: isoFromMs(toMs),
    };
    const { withinTolerance } = days;
    const half = await invoiceHalf(runtime, range, days.variance.billedPicoUsd);
    const tables = [varianceTable(days.variance), ...(half === null ? [] : [half.table])];
    return {
      exitCode: withinTolerance && half?.isTied !== false ? 0 : 3,
      document: {
        ...head,
        ...{ withinTolerance, pendingInSpool: pending },
        ...days.document,
        ...(half === null ? {} : { invoice: half.document }),
      },
      text: tables.map((table) => toTextTable(table, widthOf(context))).join('\n') + nextOf(days),
    };
  });
}

/** Under the waterfall: what to do. */
function nextOf({ nextActions }: ReconciledDays): string {
  if (nextActions.length === 0) return '';
  return `\nNext\n${nextActions.map(({ name, nextAction }) => `  ${name}: ${nextAction}\n`).join('')}`;
}

/** The provider bills by UTC day; a part of one has no counterpart. */
function requireWholeDays(range: TimeRange): TimeRange {
  if (range.fromMs % DAY_MS === 0 && range.toMs % DAY_MS === 0) return range;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${describeRange(range)} is not a row of whole UTC days.`,
    cure: 'Name whole days, such as --from 2026-10-01 --to 2026-11-01.',
  });
}
