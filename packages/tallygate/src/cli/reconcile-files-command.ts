import { livePriceBook } from '@tallygate/pricing';
import { backendSchema } from '@tallygate/usage';
import { type BilledDays, readBilledFiles, reconcileFiles } from '../bill/index.ts';
import { invalidRequest } from '../invalid-request.ts';
import { historyOfProvider } from '../provider/index.ts';
import { billedColumns } from './bill/csv-columns.ts';
import { chosenProvider } from './chosen-provider.ts';
import type { CliContext, CommandOutcome } from './context.ts';
import { withEvidenceFile } from './evidence-file.ts';
import { invoiceHalf } from './finance/invoice-half.ts';
import {
  evidencePath,
  type ReconcileOptions,
  reconciledOutcome,
  requireWholeDays,
} from './reconcile-command.ts';
import { toReconciledDays } from './reconcile-days.ts';
import { describeRange, rangeFrom, type TimeRange } from './time-range.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

/** `tallygate reconcile --csv-file`: our totals against a bill that somebody exported. Nobody is asked, and no key is needed. */
export async function reconcileFilesCommand(
  context: CliContext,
  options: ReconcileOptions,
): Promise<CommandOutcome> {
  const { paths, columns, backend } = askedFiles(options);
  const loaded = loadFor(context, options);
  const provider = backend === 'anthropic' ? chosenProvider(loaded, options) : null;
  const billed = await readBilledFiles(paths, columns);
  const range = rangeAround(billed, options, context.clock.nowMs());
  return withRuntime(context, loaded, async (runtime) => {
    const { organization, gate, sink } = runtime;
    const { pending } = await sink.flush();
    const live = await gate.configuration();
    const whole = requireHistory(runtime);
    const asked = {
      history: provider === null ? whole : historyOfProvider(whole, provider),
      ...{ organization, backend, billed, columns, ...range, clock: context.clock },
      providerOrganizationId: provider?.organizationId ?? null,
      priceBook: livePriceBook(live.priceBook),
      pseudonymKey: loaded.config.pseudonymKey,
      toleranceUsd: live.finance?.toleranceUsd,
    };
    const reconciliation = await withEvidenceFile(evidencePath(context, options), (listener) =>
      reconcileFiles({ ...asked, listener }),
    );
    const half =
      backend === 'anthropic'
        ? await invoiceHalf(runtime, range, reconciliation.billedPicoUsd, provider)
        : null;
    const files = billed.files.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes }));
    const said = { source: 'csv', backend, files, pendingInSpool: pending };
    return reconciledOutcome(context, {
      ...{ organization, range, half, said },
      days: toReconciledDays(reconciliation),
    });
  });
}

function askedFiles({ csvFile: paths = [], csvColumns, backend: name }: ReconcileOptions) {
  if (paths.length === 0)
    throw invalidRequest(
      '--csv-columns and --backend say how a file is read, and none is given.',
      'Name it with --csv-file.',
    );
  if (csvColumns !== undefined && name === undefined)
    throw invalidRequest('Nothing says whose bill the file is.', 'Name it, such as --backend bedrock.');
  const backend = backendSchema.safeParse(name ?? 'anthropic');
  if (!backend.success)
    throw invalidRequest(`--backend "${name}" is none.`, `Use one of ${backendSchema.options.join(', ')}.`);
  if (csvColumns === undefined && backend.data !== 'anthropic')
    throw invalidRequest(
      `The columns of a bill of ${backend.data} are not known.`,
      'Name them, such as --csv-columns date=ChargePeriodStart,amount=BilledCost,currency=BillingCurrency,model=SkuId.',
    );
  return { paths, columns: billedColumns(csvColumns), backend: backend.data };
}

/** What was asked for, which holds all days of the file; else those days. */
function rangeAround({ fromMs, toMs }: BilledDays, options: ReconcileOptions, nowMs: number): TimeRange {
  const range = requireWholeDays(rangeFrom(options, nowMs, { fromMs, toMs }));
  if (range.fromMs <= fromMs && range.toMs >= toMs) return range;
  throw invalidRequest(
    `The file holds ${describeRange({ fromMs, toMs })}, more than ${describeRange(range)}.`,
    'Leave the range out, or export just its days.',
  );
}
