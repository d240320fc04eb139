import type { CostBucket } from '@tallygate/admin-api';
import type { Findings } from './evidence.ts';
import { evidenceOf } from './evidence.ts';
import { groupRows } from './group-rows.ts';
import { exactPicoUsd, isPriorityTier, type OurRow, sumPico, type TheirRow } from './joined-rows.ts';
import { priceReported } from './price-reported.ts';
import type { PriceTokens } from './reconcile-input.ts';
import type { Evidence, Unexplained } from './reconciliation.ts';
import { isNothing, NO_TOKENS, sumTokens } from './token-counts.ts';

/** Causes that daily sums prove: rounding, priority capacity, products no meter sees, keys no meter sits on. */
const DAY_MS = 86_400_000;
const NOTHING = { tokens: NO_TOKENS, amountPicoUsd: 0n };

/** Each billable line of ours was rounded once to nano; the exact remainder was kept on the row. */
export function roundingEvidence(ours: readonly OurRow[]): Evidence[] {
  return [...groupRows(ours, (row) => row.atMs)]
    .map(([dayMs, rows]) => {
      const amountPicoUsd = sumPico(rows.map((row) => row.chargedPicoUsd));
      const exact = sumPico(rows.map(exactPicoUsd));
      return evidenceOf({
        ...wholeDay(dayMs),
        model: null,
        apiKeyId: null,
        attempts: sumOfAttempts(rows),
        description: null,
        charged: { tokens: NO_TOKENS, amountPicoUsd },
        actual: { tokens: NO_TOKENS, amountPicoUsd: exact },
      });
    })
    .filter((evidence) => evidence.amountPicoUsd !== 0n);
}

/** Priority capacity is paid by contract and never in the cost report, while our rows carry its list price. */
export function priorityEvidence(ours: readonly OurRow[]): Evidence[] {
  const priority = ours.filter((row) => row.isPriority && exactPicoUsd(row) !== 0n);
  return [...groupRows(priority, (row) => JSON.stringify([row.atMs, row.model])).values()].map((rows) => {
    const [first] = rows;
    const tokens = sumTokens(rows.map((row) => row.tokens));
    return evidenceOf({
      ...wholeDay(first.atMs),
      model: first.model,
      apiKeyId: null,
      attempts: sumOfAttempts(rows),
      description: null,
      charged: { tokens, amountPicoUsd: sumPico(rows.map(exactPicoUsd)) },
      actual: { tokens, amountPicoUsd: 0n },
    });
  });
}

/** Kinds of cost that no response ever shows. A kind we have not heard of is left in the residual: it may be anything. */
const UNMETERED_COST_TYPES: ReadonlySet<string | null> = new Set(['code_execution', 'session_usage']);

export function unmeteredProductEvidence(costs: readonly CostBucket[]): Evidence[] {
  return costs.flatMap(({ startMs, rows }) =>
    rows
      .filter(({ group }) => UNMETERED_COST_TYPES.has(group.cost_type ?? null))
      .map(({ group, amountPicoUsd, listAmountPicoUsd }) =>
        evidenceOf({
          ...wholeDay(startMs),
          model: group.model ?? null,
          apiKeyId: null,
          attempts: 0,
          description: group.description ?? group.cost_type ?? null,
          charged: NOTHING,
          // Where list and net are stated the discount is a cause of its own.
          actual: { tokens: NO_TOKENS, amountPicoUsd: listAmountPicoUsd ?? amountPicoUsd },
        }),
      ),
  );
}

/** Net less list, both as the provider states them. Our side is at list price, and so are all other causes. */
export function discountEvidence(
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
): Evidence[] {
  return costs.flatMap(({ startMs, rows }) => {
    const stated = rows.flatMap(({ group, amountPicoUsd, listAmountPicoUsd }) =>
      listAmountPicoUsd === null ? [] : [{ group, amountPicoUsd, listAmountPicoUsd }],
    );
    const lineOf = ({ group }: (typeof stated)[number]) =>
      JSON.stringify([group.cost_type ?? null, group.model == null ? null : modelName(group.model)]);
    return [...groupRows(stated, lineOf)]
      .map(([line, members]) => {
        const [costType, model] = JSON.parse(line) as [string | null, string | null];
        const list = sumPico(members.map((row) => row.listAmountPicoUsd));
        const net = sumPico(members.map((row) => row.amountPicoUsd));
        return evidenceOf({
          ...wholeDay(startMs),
          model,
          apiKeyId: null,
          attempts: 0,
          description: costType,
          charged: { tokens: NO_TOKENS, amountPicoUsd: list },
          actual: { tokens: NO_TOKENS, amountPicoUsd: net },
        });
      })
      .filter((evidence) => evidence.amountPicoUsd !== 0n);
  });
}

/**
 * Usage on keys of which we have no row at all, at list price.
 *
 * If a model has rows of ours whose key nobody can name, any key of the provider's may be that one; then usage of the model
 * is reported as unexplained instead of being counted twice.
 */
export function unmeteredKeyFindings(
  ours: readonly OurRow[],
  theirs: readonly TheirRow[],
  price: PriceTokens,
): Findings {
  const ownKeys = new Set(ours.map((row) => row.apiKeyId));
  const doubtfulModels = new Set(
    ours.filter((row) => row.apiKeyId === null && !isNothing(row.tokens)).map((row) => row.model),
  );
  const evidence: Evidence[] = [];
  const unexplained: Unexplained[] = [];
  for (const row of theirs) {
    // Null is "no key" here, not one of ours: our own rows without a name are what `doubtfulModels` is for.
    if (row.apiKeyId !== null && ownKeys.has(row.apiKeyId)) continue;
    const looked = { ...wholeDay(row.atMs), model: row.model, apiKeyId: row.apiKeyId, attempts: 0 };
    const isDoubtful = doubtfulModels.has(row.model);
    const amountPicoUsd = isPriorityTier(row.serviceTier) ? 0n : priceReported(price, row, false);
    if (isDoubtful || amountPicoUsd === null) {
      const reason = isDoubtful ? 'own_keys_unknown' : 'price_ambiguous';
      unexplained.push({ cause: 'unmetered_key', reason, ...looked });
      continue;
    }
    const actual = { tokens: row.tokens, amountPicoUsd };
    evidence.push(evidenceOf({ ...looked, description: null, charged: NOTHING, actual }));
  }
  return { evidence, unexplained };
}

function wholeDay(dayMs: number): { dayMs: number; fromMs: number; toMs: number } {
  return { dayMs, fromMs: dayMs, toMs: dayMs + DAY_MS };
}

function sumOfAttempts(rows: readonly OurRow[]): number {
  return rows.reduce((sum, row) => sum + row.attempts, 0);
}
