import { withoutAddress } from '@tallygate/meter';
import { livePriceBook } from '@tallygate/pricing';
import { toTextTable } from '@tallygate/report';
import { formatUsd, isoFromMs, nanoFromPico, usdFromPico } from '@tallygate/usage';
import { carriedMonths } from '../../closing/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { type LastReconciliation, lastReconciliations, modelNameIn } from '../../reconciliation/index.ts';
import { type TruedUp, trueUpUsage } from '../../true-up/index.ts';
import {
  type CliContext,
  type CliRuntime,
  type CommandOutcome,
  type GlobalOptions,
  say,
} from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { widthOf } from '../report-command.ts';
import { describeRange, type RangeOptions, rangeFrom } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface TrueUpOptions extends GlobalOptions, Omit<RangeOptions, 'days'> {
  reason: string;
  providerOrganization?: string;
  lostRows?: true;
  yes?: true;
}

/**
 * `tallygate true-up`: what a stored reconciliation found of our guesses, written beside them. Without --yes it writes nothing. Budgets
 * keep what they were settled at. Exit 3 where the reconciliation has more findings than it keeps evidence of.
 */
export async function trueUpCommand(context: CliContext, options: TrueUpOptions): Promise<CommandOutcome> {
  const loaded = loadFor(context, options);
  const named = (text: string) => withoutAddress(text, loaded.config.pseudonymKey);
  return withRuntime(context, loaded, async (runtime) => {
    const history = requireHistory(runtime);
    const { gate, sink, organization } = runtime;
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const { reportId, reconciliation } = await storedReconciliation(context, options, runtime);
    const { fromMs, toMs, createdAtMs } = reconciliation;
    const range = { fromMs, toMs };
    const snapshot = await gate.configuration();
    const book = livePriceBook(snapshot.priceBook);
    const bar = progressBar(context);
    const done = await trueUpUsage({
      ...{ history, sink, snapshot, book, modelName: modelNameIn(book) },
      restoresLost: options.lostRows ?? false,
      ...{ reconciliation, reportId },
      apply: options.yes ? { actor: named(context.actor), reason: named(options.reason) } : null,
      onProgress: (atMs) => bar.showAt(atMs, range),
    }).finally(bar.clear);
    const carried = await carriedMonths(history, organization, range);
    say(
      context,
      `Organization ${organization}, as reconciled at ${isoFromMs(createdAtMs)}, ${describeRange(range)}`,
    );
    for (const remark of remarksOn(done, options)) say(context, remark);
    for (const { month, into } of carried)
      say(context, `${month} is closed: what is trued up there stands as a correction in ${into}.`);
    const head = { schema: 'tallygate.true-up/1', organization, applied: options.yes ?? false };
    const [from, to] = [isoFromMs(range.fromMs), isoFromMs(range.toMs)];
    return {
      exitCode: done.some(({ leftOut }) => leftOut > 0) ? 3 : 0,
      document: { ...head, reconciliationId: reportId, from, to, carried, ...documentOf(done) },
      text: textOf(context, done),
    };
  });
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` where there is not exactly one: nothing is trued up on a guess. */
async function storedReconciliation(
  context: CliContext,
  { providerOrganization, reason: _reason, yes: _yes, lostRows: _lost, ...options }: TrueUpOptions,
  runtime: CliRuntime,
): Promise<LastReconciliation> {
  const nowMs = context.clock.nowMs();
  const newest = { fromMs: nowMs, toMs: nowMs };
  const range = rangeFrom(options, nowMs, newest);
  const asked = range === newest ? undefined : range;
  const stored = await lastReconciliations(requireHistory(runtime), runtime.organization, asked);
  const isMeant = ({ providerOrganizationId: id }: LastReconciliation) => id === (providerOrganization ?? id);
  const [only, ...others] = stored.filter(isMeant);
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined)
    throw invalidRequest(
      'Several organizations of the provider are reconciled.',
      `Name one of them with --provider-organization: ${stored.map((one) => one.providerOrganizationId).join(', ')}.`,
    );
  throw invalidRequest(
    asked === undefined
      ? 'Nothing is reconciled yet.'
      : `No reconciliation of ${describeRange(asked)} is stored.`,
    'Run tallygate reconcile for the same days first.',
  );
}

function remarksOn(done: readonly TruedUp[], { yes }: TrueUpOptions): string[] {
  const sum = (of: (one: TruedUp) => number) => done.reduce((total, one) => total + of(one), 0);
  const counts: [number, (count: number) => string][] = [
    [sum(({ settled }) => settled), (count) => `Trued up already: ${count}.`],
    [
      sum(({ changed }) => changed),
      (count) => `No longer what our rows say: ${count}. Reconcile these days again, then true up.`,
    ],
    [
      sum(({ notPulled }) => notPulled),
      (count) => `Read from a report that is not stored: ${count}. Reconcile again.`,
    ],
    [sum(({ unclear }) => unclear), (count) => `Counted on terms that cannot be told: ${count}.`],
    [
      sum(({ leftOut }) => leftOut),
      (count) =>
        `Beyond what a reconciliation keeps, all of them smaller: ${count}. True up, reconcile, and true up again.`,
    ],
  ];
  const written = yes
    ? 'Written. Budgets stay as settled; reconcile again to see it.'
    : 'Nothing is written: do that with --yes.';
  return [...counts.flatMap(([count, words]) => (count > 0 ? [words(count)] : [])), written];
}

function documentOf(done: readonly TruedUp[]): Record<string, unknown> {
  return {
    attempts: done.reduce((sum, { attempts }) => sum + attempts, 0),
    usd: usdFromPico(totalOf(done)),
    causes: done.map(({ amountPicoUsd, ...one }) => ({ ...one, usd: usdFromPico(amountPicoUsd) })),
  };
}

function totalOf(done: readonly TruedUp[]): bigint {
  return done.reduce((sum, { amountPicoUsd }) => sum + amountPicoUsd, 0n);
}

function textOf(context: CliContext, done: readonly TruedUp[]): string {
  const usd = (amountPicoUsd: bigint) => formatUsd(nanoFromPico(amountPicoUsd));
  const attempts = done.reduce((sum, one) => sum + one.attempts, 0);
  return toTextTable(
    {
      columns: [
        { title: 'Cause', align: 'left' },
        ...['Findings', 'Attempts', 'Amount'].map((title) => ({ title, align: 'right' as const })),
      ],
      rows: done.map(({ cause, findings, amountPicoUsd, ...one }) => [
        ...[cause.replaceAll('_', ' '), String(findings), String(one.attempts), usd(amountPicoUsd)],
      ]),
      footer: ['Total', '', String(attempts), usd(totalOf(done))],
    },
    widthOf(context),
  );
}
