import {
  amountFields,
  type Balance,
  type ConfigurationSnapshot,
  formatAmount,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import { applyPlan } from '../configuration/apply.ts';
import { type CliContext, type CliRuntime, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface RebuildGateOptions extends GlobalOptions {
  reason: string;
  force?: true;
}

/** As far back as a settlement may still be missed: the longest period that is under way. */
const LOOK_BACK_MS = 35 * 86_400_000;
/** Younger ones may be on their way. */
const HORIZON_MS = 600_000;

/** `tallygate rebuild gate`: the live counters, read from the ledger again under a new epoch. */
export async function rebuildGateCommand(
  context: CliContext,
  options: RebuildGateOptions,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { gate, organization } = runtime;
    const history = requireHistory(runtime);
    if (!options.force) await requireWholeLedger(context, runtime, history);
    say(context, 'An outage of about a second; processes that live put back what their calls hold.');
    const before = await gate.balances();
    await gate.rebuild();
    const after = await gate.balances();
    const live = await gate.configuration();
    const { version } = await applyPlan({
      ...{ gate, history, actor: context.actor, reason: options.reason, clock: context.clock },
      plan: { before: live, after: { ...live, version: live.version + 1 }, changes: [rebuiltOf(live)] },
    });
    const budgets = after.map((balance) => compared(before, balance));
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.rebuild-gate/1',
        organization,
        version,
        budgets: budgets.map(documentOf),
      },
      text: budgets.map(lineOf).join(''),
    };
  });
}

/** What the ledger does not have yet would be given out again. */
async function requireWholeLedger(
  { clock }: CliContext,
  { sink, organization }: CliRuntime,
  history: SpendHistory,
): Promise<void> {
  const { pending } = await sink.flush();
  const nowMs = clock.nowMs();
  const gaps = await history.settlementGaps({ organization, fromMs: nowMs - LOOK_BACK_MS, toMs: nowMs });
  const missing = gaps.filter(({ afterMs }) => afterMs < nowMs - HORIZON_MS);
  if (pending === 0 && missing.length === 0) return;
  const settlements = missing.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger is behind: ${pending} records wait in the spool, ${settlements} settlements never arrived.`,
    cure: 'Let every process ship its spool and look at "tallygate drift"; with --force what is missing may be spent again.',
  });
}

function rebuiltOf(live: ConfigurationSnapshot) {
  const nothing = { before: null, after: null, details: ['read from the ledger again'] };
  return {
    action: 'change' as const,
    kind: 'setting' as const,
    id: `counters of ${live.organization}`,
    ...nothing,
  };
}

function compared(before: readonly Balance[], after: Balance) {
  return { after, before: before.find(({ budget }) => budget.id === after.budget.id) ?? after };
}

function documentOf({ before, after }: ReturnType<typeof compared>): Record<string, unknown> {
  const of = ({ spent, held }: Balance) => amountFields({ spent, held }, after.budget.measure);
  return { budget: after.budget.id, before: of(before), after: of(after) };
}

function lineOf({ before, after }: ReturnType<typeof compared>): string {
  const inMeasure = (amount: bigint) => formatAmount(amount, after.budget.measure);
  const of = ({ spent, held }: Balance) => `${inMeasure(spent)} spent, ${inMeasure(held)} held`;
  return `${after.budget.id}: ${of(before)} → ${of(after)}\n`;
}
