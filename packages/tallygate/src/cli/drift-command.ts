import {
  amountFields,
  formatAmount,
  isoFromMs,
  type Measure,
  usdFromNano,
  valueOfBudget,
} from '@tallygate/usage';
import { adjustDrift, type DriftAdjustment } from '../drift/adjust-drift.ts';
import { type BudgetDrift, type DriftReport, findDrift } from '../drift/find-drift.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface DriftOptions extends GlobalOptions {
  adjust?: true;
}

/** `tallygate drift`: does the gate count what the ledger holds? Exit 3 while it does not, also when it was just adjusted. */
export async function driftCommand(context: CliContext, options: DriftOptions): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization, gate, sink } = runtime;
    const history = requireHistory(runtime);
    const { clock } = context;
    const found = await findDrift({ organization, gate, history, clock, flush: () => sink.flush() });
    const drifted = found.budgets.filter(({ state }) => state === 'drift');
    const adjustments: DriftAdjustment[] = [];
    for (const drift of options.adjust ? drifted : [])
      adjustments.push(await adjustDrift({ organization, gate, sink, clock }, drift));
    if (adjustments.length > 0) await sink.flush();
    if (drifted.length > 0 && !options.adjust)
      say(
        context,
        'Once every process has shipped its spool, "tallygate drift --adjust" writes the difference.',
      );
    return {
      exitCode: drifted.length > 0 || found.gaps.length > 0 ? 3 : 0,
      document: { ...driftDocument(organization, found), adjustments: adjustments.map(adjustmentDocument) },
      text: [...found.budgets.map(budgetLine), ...gapLines(found), ...adjustments.map(adjustmentLine)].join(
        '',
      ),
    };
  });
}

function driftDocument(organization: string, { budgets, gaps }: DriftReport): Record<string, unknown> {
  return {
    schema: 'tallygate.drift/1',
    organization,
    budgets: budgets.map(({ key, balance, state, settled, difference }) => ({
      budget: balance.budget.id,
      key,
      state,
      ...amountFields({ gate: balance.spent, ledger: settled, difference }, balance.budget.measure),
    })),
    gaps: gaps.map(({ beforeMs, afterMs, ...gap }) => ({
      ...gap,
      settledBetween: [isoFromMs(beforeMs), isoFromMs(afterMs)],
    })),
  };
}

function adjustmentDocument({ key, side, amount, measure }: DriftAdjustment): Record<string, unknown> {
  return { key, side, ...amountFields({ amount }, measure) };
}

function budgetLine({ balance, state, settled, difference }: BudgetDrift): string {
  const { measure } = balance.budget;
  const value = valueOfBudget(balance.budget);
  const id = value === null ? balance.budget.id : `${balance.budget.id} of ${value}`;
  if (state === 'exact') return `${id}: ${formatAmount(settled, measure)} in gate and ledger\n`;
  if (state === 'moving') return `${id}: is being charged; look again when it is quiet\n`;
  const sides = `gate ${formatAmount(balance.spent, measure)}, ledger ${formatAmount(settled, measure)}`;
  return `${id}: drift of ${exactAmount(difference, measure)} (${sides})\n`;
}

function gapLines({ gaps }: DriftReport): string[] {
  return gaps.map(({ epoch, fromSeq, toSeq, beforeMs, afterMs }) => {
    const count = toSeq - fromSeq + 1;
    return `${count} settlements are missing: ${fromSeq} to ${toSeq} of epoch ${epoch}, between ${isoFromMs(beforeMs)} and ${isoFromMs(afterMs)}\n`;
  });
}

function adjustmentLine({ key, side, amount, measure }: DriftAdjustment): string {
  return `${key}: ${exactAmount(amount, measure)} written to the ${side}\n`;
}

/** Drift may be less than a cent. */
function exactAmount(amount: bigint, measure: Measure = 'usd'): string {
  return measure === 'usd' ? `${usdFromNano(amount)} USD` : formatAmount(amount, measure);
}
