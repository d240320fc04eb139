import { formatUsd, isoFromMs, nanoFromUsd, TallygateError } from '@tallygate/usage';
import { rangeOfMonth } from '../../allocation/index.ts';
import { closeMonth, type PeriodRecord, reopenMonth } from '../../closing/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface CloseOptions extends GlobalOptions {
  month: string;
  reopen?: true;
  reason?: string;
}

/** `tallygate close`: a month becomes what it is told as, for good; or is opened again, with a reason. */
export async function closeCommand(context: CliContext, options: CloseOptions): Promise<CommandOutcome> {
  const month = requireMonth(options.month);
  const reason = options.reason?.trim() ?? '';
  if (options.reopen && reason === '')
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'A closed month is opened again only with a reason.',
      cure: 'Say why with --reason; it is kept.',
    });
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const history = requireHistory(runtime);
    const { pending } = await runtime.sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool: they will be corrections.`);
    const configuration = await runtime.gate.configuration();
    const bar = progressBar(context);
    const onProgress = (atMs: number) => bar.showAt(atMs, rangeOfMonth(month));
    const closing = { history, configuration, clock: context.clock, actor: context.actor, onProgress };
    const decide = options.reopen ? reopenMonth : closeMonth;
    const period = await decide(closing, month, reason).finally(bar.clear);
    return { exitCode: 0, document: periodDocument(period), text: `${describe(period).join('\n')}\n` };
  });
}

function periodDocument({ atMs, manifest, ...period }: PeriodRecord): Record<string, unknown> {
  const state = manifest === null ? 'open' : 'closed';
  return { schema: 'tallygate.period/1', ...period, state, at: isoFromMs(atMs), manifest };
}

function describe({ month, manifest, number }: PeriodRecord): string[] {
  if (manifest === null) return [`${month} is open again (decision ${number}).`];
  const { basis, tiedToInvoice, rowsTied, totals, provisional, files } = manifest;
  const usd = (text: string | null) => formatUsd(nanoFromUsd(text ?? '0'));
  const tied = {
    true: `The report of ${usd(totals.reportedUsd)} ties to the invoice of ${usd(totals.invoicedUsd)}.`,
    false: `The report of ${usd(totals.reportedUsd)} does not tie to the invoice: ${usd(totals.invoiceResidualUsd)} is left.`,
    null: `Not tied: there is ${basis === 'charges' ? 'neither report nor invoice' : `only the ${basis}`}.`,
  }[String(tiedToInvoice) as 'true' | 'false' | 'null'];
  return [
    `${month} is closed (decision ${number}): ${usd(totals.allocatedUsd)} allocated, ${usd(totals.correctionsUsd)} of corrections, ${files.length} files.`,
    tied,
    ...(rowsTied === false
      ? [
          'Its rows do not add up to what was charged: some came in meanwhile, or are past their retention. Evidence says of which day.',
        ]
      : []),
    ...(provisional
      ? ['The provider may still adjust it; what it changes is a correction in the next open month.']
      : []),
  ];
}
