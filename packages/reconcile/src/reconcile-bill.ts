import type { CostBucket, UsageBucket } from '@tallygate/admin-api';
import type { PicoUsd, SpendRow } from '@tallygate/usage';
import { concluded } from './conclusion.ts';
import { explainCostTypes } from './cost-types.ts';
import { type Day, daysOf } from './day.ts';
import { explainDiscount } from './discount.ts';
import { createFindings, type FindingListener, type Findings } from './findings.ts';
import { sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import { explainPriorityTier } from './priority-tier.ts';
import type { Caveat, Reconciliation } from './reconciliation.ts';
import { explainRounding } from './rounding.ts';
import { createSideNotes } from './side-notes.ts';
import { NO_TOKENS, sumTokens } from './token-counts.ts';
import { createVariances } from './variances.ts';

/** A bill that says days and models at best, such as an exported file, and what we have of the same days. */
export interface BillInput {
  organization: string;
  /** [fromMs, toMs): UTC midnights. */
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** Whose bill it is: rows of ours on any other backend are on another one. */
  backend: string;
  /** By "ended", grouped at least by `INTERNAL_GROUPS` with day. */
  internal: readonly SpendRow[];
  /** Daily buckets by model at least; null: the bill counts no tokens. */
  usage: readonly UsageBucket[] | null;
  /** By "cost_type", and by model where it says one. */
  costs: readonly CostBucket[];
  /** The one name under which both sides' rows of a model meet; an unknown name is returned as it is. */
  modelName(name: string): string;
  /** Does the price list know it? Of a name that it does not, nobody can say that no row of ours has it, unless there is none. */
  isModel(name: string): boolean;
  tolerancePicoUsd: PicoUsd;
  caveats: readonly Caveat[];
}

/**
 * Compares our days with a bill of which no minute can be read and no key be told. The causes are those that days and models prove;
 * everything else is residual, for nothing finer may be guessed. Pure, and exact as `reconcile` is.
 */
export function reconcileBill(input: BillInput, listener?: FindingListener): Reconciliation {
  const { costs } = input;
  const findings = createFindings(listener);
  const notes = createSideNotes(input.backend);
  const variances = createVariances(input.modelName);
  const untold = { fastUsage: null, usageByWorkspace: [], fastByWorkspace: null };
  const sides = { internal: input.internal, usage: input.usage ?? [], ...untold, costs };
  // Keys of the bill are names that somebody gave, and rows of ours have ids: neither side tells them apart.
  const days = [...daysOf(sides, { ...input, apiKeyIdOf: () => null })];
  notes.add(sides);
  for (const day of days) {
    variances.add(day);
    explainRounding(day, findings);
    explainPriorityTier(day, findings);
  }
  explainUnmeteredModels(days, input, findings);
  explainCostTypes(costs, findings);
  explainDiscount(costs, input.modelName, findings);
  return concluded(input, {
    ...{ findings, notes, requests: null, countsTokens: input.usage !== null },
    internalPicoUsd: sumPico(days.flatMap(({ ours }) => ours.map((row) => row.chargedPicoUsd))),
    variances: variances.lines(),
  });
}

/** What the bill asks for a model of which we have no row on any day. */
function explainUnmeteredModels(days: readonly Day[], input: BillInput, findings: Findings): void {
  const own = new Set(days.flatMap(({ ours }) => ours.map(({ model }) => model)));
  const isNobodys = (model: string) => own.size === 0 || (!own.has(model) && input.isModel(model));
  const isDark = (model: string) => model !== '' && isNobodys(model);
  for (const { dayMs, theirs, costs } of days) {
    const lines = costs
      .flatMap(({ rows }) => rows)
      .filter(({ group }) => group.cost_type === 'tokens')
      .map((row) => ({ ...row, model: input.modelName(row.group.model ?? '') }));
    const models = new Set([...theirs, ...lines].map(({ model }) => model).filter(isDark));
    for (const model of models) {
      const isOf = (row: { model: string }) => row.model === model;
      findings.explain('unmetered_model', {
        ...wholeDay(dayMs),
        ...{ model, apiKeyId: null, workspaceId: null, description: null, attempts: 0 },
        charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
        actual: {
          tokens: sumTokens(theirs.filter(isOf).map(({ tokens }) => tokens)),
          amountPicoUsd: sumPico(lines.filter(isOf).map((row) => row.listAmountPicoUsd ?? row.amountPicoUsd)),
        },
      });
    }
  }
}
