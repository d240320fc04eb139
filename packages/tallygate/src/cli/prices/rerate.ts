import { withoutAddress } from '@tallygate/meter';
import { toTextTable } from '@tallygate/report';
import { formatUsd, isoFromMs, usdFromNano } from '@tallygate/usage';
import { type Move, type RerateTotals, rerateUsage } from '../../rerate/rerate-usage.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { widthOf } from '../report-command.ts';
import { describeRange, type RangeOptions, requiredRange, type TimeRange } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { bookInForce } from './book-source.ts';

export interface PricesRerateOptions extends GlobalOptions, Pick<RangeOptions, 'from' | 'to' | 'month'> {
  apply?: true;
  reason?: string;
}

/**
 * `tallygate prices rerate --from --to [--apply]`: what the prices in force make of usage that was charged by others. Without
 * --apply it writes nothing. Budgets keep what they were settled at: what somebody was allowed to spend is no matter of the bill.
 */
export async function pricesRerateCommand(
  context: CliContext,
  options: PricesRerateOptions,
): Promise<CommandOutcome> {
  const range = requiredRange(options, context.clock.nowMs());
  const loaded = loadFor(context, options);
  const named = (text: string) => withoutAddress(text, loaded.config.pseudonymKey);
  const why = {
    reason: options.reason === undefined ? null : named(options.reason),
    actor: named(context.actor),
  };
  return withRuntime(context, loaded, async (runtime) => {
    const history = requireHistory(runtime);
    const { gate, sink, organization } = runtime;
    const snapshot = await gate.configuration();
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const bar = progressBar(context);
    const totals = await rerateUsage({
      ...{ history, sink, snapshot, ...range },
      book: bookInForce(snapshot).book,
      apply: options.apply ? why : null,
      onProgress: (atMs, lines) => bar.showAt(atMs, range, `${lines} lines priced again`),
    }).finally(bar.clear);
    for (const remark of remarksOn(totals, options)) say(context, remark);
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    return {
      exitCode: 0,
      document: documentOf(totals, range, { organization, applied: options.apply ?? false }),
      text: textOf(context, totals),
    };
  });
}

function remarksOn({ total, leftAlone }: RerateTotals, { apply }: PricesRerateOptions): string[] {
  const { correctedLines } = total;
  const lines: [number, string][] = [
    [leftAlone.folded, `${leftAlone.folded} lines stand for several attempts each and stay as they are.`],
    [
      leftAlone.imported_price,
      `${leftAlone.imported_price} imported lines have a price of their own and none in the book.`,
    ],
    [
      leftAlone.trued_up,
      `${leftAlone.trued_up} lines are trued up to the provider's count and stay as they are.`,
    ],
    [apply ? correctedLines : 0, `${correctedLines} corrections are written. Budgets stay as settled.`],
    [apply ? 0 : correctedLines, `${correctedLines} lines would be corrected: write that with --apply.`],
  ];
  return lines.filter(([count]) => count > 0).map(([, text]) => text);
}

function documentOf(
  totals: RerateTotals,
  range: TimeRange,
  head: { organization: string; applied: boolean },
): Record<string, unknown> {
  const { lines, total, byTeam, byModel, leftAlone } = totals;
  return {
    schema: 'tallygate.prices-rerate/1',
    ...head,
    from: isoFromMs(range.fromMs),
    to: isoFromMs(range.toMs),
    lines,
    leftAlone: {
      folded: leftAlone.folded,
      importedPrice: leftAlone.imported_price,
      truedUp: leftAlone.trued_up,
    },
    total: moveDocument(total),
    teams: sorted(byTeam).map(([team, move]) => ({ team, ...moveDocument(move) })),
    models: sorted(byModel).map(([model, move]) => ({ model, ...moveDocument(move) })),
  };
}

function moveDocument({ correctedLines, beforeNanoUsd, afterNanoUsd }: Move): Record<string, unknown> {
  return {
    correctedLines,
    beforeUsd: usdFromNano(beforeNanoUsd),
    afterUsd: usdFromNano(afterNanoUsd),
    movesUsd: usdFromNano(afterNanoUsd - beforeNanoUsd),
  };
}

function textOf(context: CliContext, { total, byTeam, byModel }: RerateTotals): string {
  const table = (title: string, moves: ReadonlyMap<string, Move>) =>
    toTextTable(
      {
        columns: [
          { title, align: 'left' },
          ...['Lines moved', 'Before', 'After', 'Moves'].map((name) => ({
            title: name,
            align: 'right' as const,
          })),
        ],
        rows: sorted(moves).map(([name, move]) => [name, ...cellsOf(move)]),
        footer: ['Total', ...cellsOf(total)],
      },
      widthOf(context),
    );
  return `${table('Team', byTeam)}\n${table('Model', byModel)}`;
}

function cellsOf({ correctedLines, beforeNanoUsd, afterNanoUsd }: Move): string[] {
  const amounts = [beforeNanoUsd, afterNanoUsd, afterNanoUsd - beforeNanoUsd];
  return [String(correctedLines), ...amounts.map(formatUsd)];
}

function sorted(moves: ReadonlyMap<string, Move>): [string, Move][] {
  return [...moves].sort(([left], [right]) => (left < right ? -1 : 1));
}
