import {
  type Attribution,
  type Budget,
  NANO_USD_MAX,
  type NanoUsd,
  type ReserveRequest,
} from '@tallygate/usage';
import { attributionOf } from '../../contract/gate-fixtures.ts';

/**
 * The budgets of every scenario: up to ten counters cover one call, in periods of all lengths that a scenario can outlive. Some of
 * one call have one pool, and one of them has another.
 */
const OF_ALL_SCENARIOS: readonly (Pick<Budget, 'id' | 'scope' | 'period'> & Partial<Budget>)[] = [
  { id: 'all', scope: {}, period: 'month' },
  { id: 'support', scope: { team: 'support' }, period: 'month', overageBasisPoints: 2_550, pool: 'spare' },
  { id: 'daily', scope: { team: 'support' }, period: 'day', timeZone: 'Asia/Kolkata', measure: 'requests' },
  {
    id: 'chat',
    scope: { feature: 'chat' },
    period: 'hour',
    mode: 'observe',
    alerts: [1, 30, 120],
    pool: 'spare',
  },
  { id: 'person', scope: { user: 'u-1' }, period: 'minute', alerts: [] },
  { id: 'opus', scope: { model: 'claude-opus-5' }, period: 'week', measure: 'tokens', pool: 'words' },
  {
    ...{ id: 'fast', scope: { team: 'research' }, period: 'day', pool: 'spare' },
    velocity: { floorNanoUsd: 2_000n, times: 2, pauseMinutes: 4 },
  },
  { id: 'lately', scope: { team: 'support' }, period: 'rolling-30m', pool: 'spare' },
  { id: 'people', scope: {}, each: 'user', period: 'day', pool: 'spare' },
  { id: 'models', scope: { feature: 'chat' }, each: 'model', period: 'hour' },
  { id: 'spare', scope: {}, period: 'week', isPool: true, overageBasisPoints: 1_000, alerts: [40, 100] },
  { id: 'words', scope: {}, period: 'day', measure: 'tokens', isPool: true },
];

export const BUDGET_IDS: readonly string[] = OF_ALL_SCENARIOS.map(({ id }) => id);

/** A process counts into a breaker that it has read of, the gate in process into one that is live: this one always is. */
export const REMOVABLE_IDS = BUDGET_IDS.filter((id) => id !== 'fast');

/** Of every call: so many nano-USD to a token. */
const NANO_USD_PER_TOKEN = 2n;

export function tokensOf(amountNanoUsd: NanoUsd): bigint {
  return amountNanoUsd / NANO_USD_PER_TOKEN;
}

/** What a call takes from a budget, by what the budget is in. */
export function amountOn(budgetId: string, amountNanoUsd: NanoUsd, requests: bigint): bigint {
  if (budgetId === 'daily') return requests;
  return budgetId === 'opus' || budgetId === 'words' ? tokensOf(amountNanoUsd) : amountNanoUsd;
}

/** Denies nobody. */
export const OBSERVED_ID = 'chat';

const HARD_BASIS_POINTS: Readonly<Record<string, bigint>> = { support: 12_550n, spare: 11_000n };

/** What calls in flight may come to on it, at their worst. */
export function hardLimitOf(budgetId: string, limit: NanoUsd): NanoUsd {
  const hard = (limit * (HARD_BASIS_POINTS[budgetId] ?? 10_000n)) / 10_000n;
  return hard > NANO_USD_MAX ? NANO_USD_MAX : hard;
}

export type Payer = Pick<ReserveRequest, 'attribution' | 'models'>;

const PAYERS: readonly Payer[] = [
  payer('support', 'chat', 'u-1', 'claude-opus-5'),
  payer('support', 'mail', 'u-1', 'claude-haiku-5'),
  payer('support', 'chat', null, 'claude-haiku-5'),
  payer('research', 'chat', 'u-2', 'claude-opus-5'),
  payer('research', 'mail', null, 'claude-haiku-5'),
  payer('research', 'chat', 'u-2', 'claude-haiku-5', 'claude-opus-5'),
];

/** All that calls have in the dimensions of which there is one budget for each value. */
export const VALUES = { user: ['u-1', 'u-2'], model: ['claude-opus-5', 'claude-haiku-5'] };

export function payerOf(number: number): Payer {
  return PAYERS[number % PAYERS.length] as Payer;
}

export function budgetsOf(limits: ReadonlyMap<string, NanoUsd>): Budget[] {
  return OF_ALL_SCENARIOS.flatMap(({ pool, ...budget }) => {
    const limit = limits.get(budget.id);
    // A pool that is not live at the time is named by nobody.
    const named = pool === undefined || !limits.has(pool) ? {} : { pool };
    return limit === undefined ? [] : [{ timeZone: 'UTC', onOutage: 'block', ...budget, ...named, limit }];
  });
}

/** Who pays, said once more than in the gate: by comparison of the four dimensions that these scopes use. */
export function covers({ scope, isPool }: Budget, { attribution, models }: Payer): boolean {
  if (isPool) return false;
  const { team = attribution.team, feature = attribution.feature, user = attribution.userPseudonym } = scope;
  const isModel = scope.model === undefined || models.some((name) => name === scope.model);
  return isModel && same(attribution, { team, feature, user });
}

/** By which values the payer has a counter of the budget; `[null]` where the budget is one. */
export function valuesOfPayer({ each }: Budget, { attribution, models }: Payer): readonly (string | null)[] {
  if (each === undefined) return [null];
  const named = each === 'user' ? [attribution.userPseudonym] : models;
  return named.filter((value) => value !== null);
}

function same(
  { team, feature, userPseudonym }: Attribution,
  wanted: { team: string; feature: string; user: string | null },
): boolean {
  return team === wanted.team && feature === wanted.feature && userPseudonym === wanted.user;
}

function payer(team: string, feature: string, userPseudonym: string | null, ...models: string[]): Payer {
  return { attribution: { ...attributionOf(team, feature), userPseudonym }, models };
}
