import {
  type Budget,
  budgetIdOf,
  budgetOfValue,
  type ConfigurationSnapshot,
  DEFAULT_ALERTS,
  type Measure,
  NANO_USD_MAX,
  type Override,
  type Velocity,
} from '@tallygate/usage';
import { budgetKey, budgetKeyIn, measureOf, parseBudgetKey } from './keys.ts';
import { limbs } from './limbs.ts';
import { isGrantFor, raisedLimit } from './rules.ts';

/**
 * At how much spent somebody is told about a budget: the one rule, computed here also for the scripts, which only compare. What it is
 * measured by is the limit with the grants in force, so that the last threshold is where calls are denied.
 */
export interface Threshold {
  percent: number;
  amount: bigint;
}

/** What holds until an instant: the limit falls as grants end. */
export interface ThresholdStep {
  untilMs: number;
  limit: bigint;
  /** Ascending; without those that no counter can reach. */
  thresholds: readonly Threshold[];
  /** The breaker of the budget, whatever was granted. */
  velocity: Velocity | null;
}

const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** One step for each end of a grant, and one for afterwards. */
function thresholdSteps(budget: Budget, overrides: readonly Override[]): ThresholdStep[] {
  const grants = overrides.filter((override) => isGrantFor(override, budget));
  const ends = new Set(grants.map(({ untilMs }) => untilMs));
  return [...ends, FOREVER_MS]
    .toSorted((left, right) => left - right)
    .map((untilMs) => {
      const running = grants.filter((grant) => grant.untilMs >= untilMs);
      const limit = raisedLimit(budget, running);
      return { untilMs, limit, thresholds: thresholdsOf(budget, limit), velocity: budget.velocity ?? null };
    });
}

/** Nothing is a part of nothing: a budget of zero forbids, and announces that to nobody. */
function thresholdsOf({ alerts }: Budget, limit: bigint): Threshold[] {
  if (limit === 0n) return [];
  return (alerts ?? DEFAULT_ALERTS)
    .map((percent) => ({ percent, amount: (limit * BigInt(percent) + 99n) / 100n }))
    .filter(({ amount }) => amount <= NANO_USD_MAX);
}

const known = new WeakMap<ConfigurationSnapshot, ReadonlyMap<string, readonly ThresholdStep[]>>();

/** What holds for the counter, by the configuration. */
export function stepsOf(snapshot: ConfigurationSnapshot, periodKey: string): readonly ThresholdStep[] {
  const steps = stepsByBudget(snapshot);
  const [measure, name] = [measureOf(periodKey), budgetKeyIn(periodKey)];
  const ofValue = steps.get(inMeasure(measure, name));
  return ofValue ?? steps.get(inMeasure(measure, parseBudgetKey(name).budgetId)) ?? [];
}

const knownBreakers = new WeakMap<ConfigurationSnapshot, ReadonlySet<string>>();

/** Whether the budget of the counter has one. Asked for every charge: mostly there is none at all. */
export function hasBreaker(snapshot: ConfigurationSnapshot, periodKey: string): boolean {
  const ids = idsOfPaced(snapshot);
  return ids.size > 0 && ids.has(budgetIdOf({ key: periodKey })) && measureOf(periodKey) === 'usd';
}

function idsOfPaced(snapshot: ConfigurationSnapshot): ReadonlySet<string> {
  const known = knownBreakers.get(snapshot);
  if (known !== undefined) return known;
  const ids = new Set(snapshot.budgets.flatMap(idOfPaced));
  knownBreakers.set(snapshot, ids);
  return ids;
}

function idOfPaced({ id, velocity }: Budget): string[] {
  return velocity === undefined ? [] : [id];
}

/** Of every budget by its id, and of those values of one with `each` that have a grant of their own. */
function stepsByBudget(snapshot: ConfigurationSnapshot): ReadonlyMap<string, readonly ThresholdStep[]> {
  const steps = known.get(snapshot);
  if (steps !== undefined) return steps;
  const made = new Map(snapshot.budgets.flatMap((budget) => stepsFor(budget, snapshot)));
  known.set(snapshot, made);
  return made;
}

function stepsFor(budget: Budget, { overrides = [] }: ConfigurationSnapshot): [string, ThresholdStep[]][] {
  const values = overrides.flatMap((override) =>
    override.kind === 'grant' && override.budget === budget.id ? (override.value ?? []) : [],
  );
  const ofValues = [...new Set(values)].map((value) => budgetOfValue(budget, value));
  return [budget, ...ofValues].map((one) => [
    inMeasure(one.measure, budgetKey(one)),
    thresholdSteps(one, overrides),
  ]);
}

/** A counter of a measure that the budget has no longer must not be judged by its limit. */
function inMeasure(measure: Measure = 'usd', name: string): string {
  return measure === 'usd' ? name : `${measure}/${name}`;
}

/** As `lua/fragments/announce.lua` reads them: a line for each, its name and its steps. */
export function thresholdsText(snapshot: ConfigurationSnapshot): string {
  return [...stepsByBudget(snapshot)].map(([id, steps]) => `\n${id} ${stepsJson(steps)}`).join('');
}

function stepsJson(steps: readonly ThresholdStep[]): string {
  return JSON.stringify(
    steps.map(({ untilMs, limit, thresholds, velocity }) => [
      untilMs,
      String(limit),
      thresholds.map(({ percent, amount }) => [percent, ...limbs(amount)]),
      ...(velocity === null ? [] : [velocityNumbers(velocity)]),
    ]),
  );
}

function velocityNumbers({ floorNanoUsd, times, pauseMinutes }: Velocity): number[] {
  return [...limbs(floorNanoUsd), times, pauseMinutes * 60_000];
}
