import { availableIn } from '@tallygate/report';
import {
  amountFields,
  type Denial,
  describePeriod,
  describeReset,
  describeScope,
  formatAmount,
  isoFromMs,
  isRolling,
  type Period,
  type PoolDenial,
  toWireJson,
} from '@tallygate/usage';
import { describeOverride, overrideDocument } from '../overrides/describe-override.ts';
import { commandsFor, type Explanation, excessOf } from './explanation.ts';

type Facts = readonly (readonly [name: string, value: string])[];

export function describeExplanation(explanation: Explanation): string {
  const { denial } = explanation;
  const facts: Facts = [
    ['Denial', `${denial.denialId} at ${isoFromMs(denial.atMs)}`],
    ['Call', describeCall(explanation)],
    ...FACTS[denial.reason ?? 'limit'](explanation),
    ['Free again', describeFreeAgain(denial)],
    ['Configuration', describeVersion(explanation)],
    ...(explanation.overrides ?? []).map((override) => ['In force', describeOverride(override)] as const),
    ...nowFacts(explanation),
    ...commandsFor(explanation).map((command, index) => [index === 0 ? 'Now run' : '', command] as const),
  ];
  return facts.map(([name, value]) => `${name.padEnd(15)}${value}\n`).join('');
}

export function explanationDocument(explanation: Explanation): Record<string, unknown> {
  const { denial, publication, overrides, now } = explanation;
  const { limit, spent, held, needed } = denial;
  return {
    denialId: denial.denialId,
    attemptId: denial.attemptId,
    at: isoFromMs(denial.atMs),
    reason: denial.reason ?? 'limit',
    enforced: denial.enforced,
    attribution: JSON.parse(toWireJson(denial.attribution)),
    requestModel: denial.requestModel,
    budgetId: denial.budgetId,
    scope: denial.scope,
    period: { unit: denial.unit, timeZone: denial.timeZone },
    periodStart: isoFromMs(denial.periodStartMs),
    periodEnd: isoFromMs(denial.periodEndMs),
    ...amountFields({ limit, spent, held, asked: needed }, denial.measure),
    ...(denial.pool === undefined ? {} : { pool: poolDocument(denial.pool, denial.measure) }),
    ...(denial.median === undefined ? {} : amountFields({ median: denial.median }, denial.measure)),
    freeAgain: isoFromMs(denial.retryAtMs),
    configVersion: denial.configVersion ?? null,
    publication: publication && {
      actor: publication.actor,
      reason: publication.reason,
      at: isoFromMs(publication.publishedAtMs),
    },
    overrides: overrides?.map(overrideDocument) ?? null,
    ...(now === null ? {} : amountFields({ availableNow: availableIn(now) }, now.budget.measure)),
    commands: commandsFor(explanation),
  };
}

function poolDocument({ budgetId, limit, spent, held, needed }: PoolDenial, measure: Denial['measure']) {
  return { budgetId, ...amountFields({ limit, spent, held, asked: needed }, measure) };
}

function describeCall({ denial }: Explanation): string {
  const { team, feature, environment } = denial.attribution;
  const went = denial.enforced ? '' : '; only observed, the call went on';
  return `team ${team}, feature ${feature}, ${environment}, ${denial.requestModel}${went}`;
}

function limitFacts({ denial }: Explanation): Facts {
  const say = (amount: bigint) => formatAmount(amount, denial.measure);
  const period: Period = { unit: denial.unit, startMs: denial.periodStartMs, endMs: denial.periodEndMs };
  return [
    ['Budget', `${denial.budgetId}: ${describeScope(denial.scope)}`],
    [
      'Period',
      `${describePeriod(period, denial.timeZone)}, resets ${describeReset(period, denial.timeZone)}`,
    ],
    ['Limit', say(denial.limit)],
    ['Spent', say(denial.spent)],
    ['Held', `${say(denial.held)} for calls under way`],
    ['Asked', `${say(denial.needed)}, ${say(excessOf(denial))} too much`],
    ...poolFacts(denial),
  ];
}

function poolFacts({ pool, measure }: Denial): Facts {
  if (pool === undefined) return [];
  const say = (amount: bigint) => formatAmount(amount, measure);
  const numbers = `spent ${say(pool.spent)} of ${say(pool.limit)}, held ${say(pool.held)}`;
  return [['Pool', `${pool.budgetId}: ${numbers}; asked for ${say(pool.needed)}, the rest is left above`]];
}

function pauseFacts({ denial, overrides }: Explanation): Facts {
  const pause = overrides?.find(({ id }) => id === denial.budgetId);
  const by = pause === undefined ? '' : `, by ${pause.who}: ${pause.why}`;
  return [['Paused', `feature ${denial.scope.feature} since ${isoFromMs(denial.periodStartMs)}${by}`]];
}

function tripFacts({ denial }: Explanation): Facts {
  const { limit, spent, needed, median = 0n } = denial;
  return [
    ['Budget', `${denial.budgetId}: ${describeScope(denial.scope)}`],
    ['Too fast', `${formatAmount(spent, 'usd')} in 5 minutes, at ${isoFromMs(denial.periodStartMs)}`],
    [
      'Threshold',
      `${formatAmount(limit, 'usd')}; the median of the 24 before is ${formatAmount(median, 'usd')}`,
    ],
    ['Asked', formatAmount(needed, 'usd')],
  ];
}

const FACTS = { limit: limitFacts, paused: pauseFacts, velocity: tripFacts };

function describeFreeAgain({ reason, retryAtMs, periodEndMs, unit, pool }: Denial): string {
  if (reason === 'paused') return `${isoFromMs(retryAtMs)}, unless it is resumed before`;
  if (reason === 'velocity') return `${isoFromMs(retryAtMs)}, when the pause is over`;
  if (isRolling(unit))
    return `${isoFromMs(retryAtMs)} at the soonest, as calls under way end and what was spent leaves`;
  if (retryAtMs >= periodEndMs) return `${isoFromMs(retryAtMs)}, when the period ends`;
  if (pool !== undefined)
    return `when calls under way or the period of the pool end, at ${isoFromMs(retryAtMs)} at the latest`;
  return `when calls under way end, the first of them at ${isoFromMs(retryAtMs)} at the latest`;
}

function describeVersion({ denial, publication }: Explanation): string {
  const version = denial.configVersion === undefined ? 'not recorded' : `version ${denial.configVersion}`;
  if (publication === null) return version;
  const { actor, reason, publishedAtMs } = publication;
  return `${version}, by ${actor} at ${isoFromMs(publishedAtMs)}${reason === '' ? '' : `: ${reason}`}`;
}

function nowFacts({ now }: Explanation): Facts {
  if (now === null) return [];
  const { budget, spent, held } = now;
  const { limit, measure } = budget;
  const numbers = `spent ${formatAmount(spent, measure)}, held ${formatAmount(held, measure)}`;
  return [
    [
      'Now',
      `${formatAmount(availableIn(now), measure)} available of ${formatAmount(limit, measure)} (${numbers})`,
    ],
  ];
}
