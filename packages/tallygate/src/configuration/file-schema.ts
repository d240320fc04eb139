import {
  ALERT_PERCENT_MAX,
  budgetModeSchema,
  eachSchema,
  LADDER_STEPS,
  LADDER_STEPS_MAX,
  outagePolicySchema,
  PERIOD_UNITS,
  VELOCITY_PAUSE_MINUTES_MAX,
  VELOCITY_TIMES_MAX,
} from '@tallygate/usage';
import { z } from 'zod';

/**
 * Shape of tallygate.yaml. Every scalar arrives as the text that stands in the file: "0042" stays a cost centre, "no" stays
 * a name and an amount never passes through a float. Meaning (money, zones, references) is judged in `file-meaning.ts`.
 */
const text = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{C}*$/u, 'holds control characters');
const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const id = (pattern: RegExp) => z.string().regex(pattern, 'is not an id');

const limitFields = { usd: text.optional(), tokens: text.optional(), requests: text.optional() };
const scopeFields = {
  team: text.optional(),
  feature: text.optional(),
  environment: text.optional(),
  workflow: text.optional(),
  user: text.optional(),
  model: text.optional(),
};
const likeFields = { like: text };
const rollingFields = { rolling: text };
const velocityFields = { floorUsd: text, times: text, pauseMinutes: text };

const teamFields = {
  id: id(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  name: text.nullish(),
  aliases: listOf(text),
  costCentre: text.nullish(),
  owners: listOf(text),
  apiKeys: listOf(text),
  workspaces: listOf(text),
  charging: z.enum(['showback', 'chargeback', 'quota']).nullish(),
};

const ladderStepFields = {
  step: z.enum(LADDER_STEPS),
  minOutputTokens: text.optional(),
  model: text.optional(),
};

const budgetFields = {
  id: id(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  scope: z
    .strictObject(scopeFields)
    .nullish()
    .transform((scope) => scope ?? {}),
  each: eachSchema.optional(),
  limit: z.strictObject(limitFields),
  period: z.union([z.enum(PERIOD_UNITS), z.strictObject(rollingFields)], {
    error: 'is no period',
  }),
  timeZone: text.default('UTC'),
  pool: text.optional(),
  mode: budgetModeSchema.optional(),
  overage: text.optional(),
  onOutage: outagePolicySchema.default('block'),
  allowance: z.strictObject(limitFields).optional(),
  ladder: listOf(z.strictObject(ladderStepFields)),
  alerts: z.array(text).nullish(),
  velocity: z.strictObject(velocityFields).optional(),
};

const poolFields = {
  id: id(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  limit: z.strictObject(limitFields),
  period: z.enum(PERIOD_UNITS),
  timeZone: text.default('UTC'),
  overage: text.optional(),
  alerts: z.array(text).nullish(),
};

const featureFields = {
  id: text,
  onLeave: z.enum(['cut', 'drain']).default('cut'),
  drainSeconds: text.optional(),
  drainMegabytes: text.optional(),
};

const formatted = (pattern: RegExp, problem: string) => z.string().regex(pattern, problem);
const day = formatted(/^\d{4}-\d{2}-\d{2}$/, 'is not a date');
const usdPerMtok = formatted(/^\d{1,6}(\.\d{1,6})?$/, 'is not a plain decimal amount');

const rateFields = {
  input: usdPerMtok,
  cacheRead: usdPerMtok,
  cacheWrite5m: usdPerMtok,
  cacheWrite1h: usdPerMtok,
  output: usdPerMtok,
};

const contractFields = {
  id: id(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  model: text.nullish(),
  effectiveFrom: day.nullish(),
  effectiveTo: day.nullish(),
  discountPercent: formatted(/^\d{1,2}(\.\d{1,4})?$/, 'is not a percentage below 100').optional(),
  usdPerMtok: z.strictObject(rateFields).optional(),
  speed: text.optional(),
  promptBand: z.enum(['standard', 'long']).optional(),
  source: text,
};

const spreadFields = { team: text };
const spread = z
  .union([z.enum(['proportional', 'even', 'unallocated']), z.strictObject(spreadFields)], {
    error: 'is not a way to bear a cost',
  })
  .optional();

const financeFields = {
  billing: z.enum(['invoiced', 'prepaid']).optional(),
  shared: spread,
  unattributed: spread,
  entity: text.optional(),
  expenseAccount: text.optional(),
  clearingAccount: text.optional(),
  clearingCostCentre: text.optional(),
  unallocatedCostCentre: text.optional(),
  toleranceUsd: formatted(/^\d{1,9}(\.\d{1,9})?$/, 'is not a plain decimal amount').optional(),
};

const variable = formatted(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable');

const providerOrganizationFields = {
  id: text,
  adminKeys: z.tuple([variable], variable),
};

const fileFields = {
  version: z.literal('1'),
  organization: text.nullish(),
  unknownTeams: z.enum(['unassigned', 'refuse']).default('unassigned'),
  tagAllowList: listOf(text),
  unpricedModels: z
    .union([z.enum(['dearest', 'deny']), z.strictObject(likeFields)], {
      error: 'is not a choice for models without a price',
    })
    .default('dearest'),
  teams: listOf(z.strictObject(teamFields)),
  budgets: listOf(z.strictObject(budgetFields)),
  pools: listOf(z.strictObject(poolFields)),
  features: listOf(z.strictObject(featureFields)),
  contractPrices: listOf(z.strictObject(contractFields)),
  finance: z.strictObject(financeFields).nullish(),
  providerOrganizations: listOf(z.strictObject(providerOrganizationFields)),
};

export const fileSchema = z.strictObject(fileFields);
export type FileContent = z.output<typeof fileSchema>;

/** Fields that each kind of map may hold, by its path with list positions written as "*". */
export const KNOWN_FIELDS: Record<string, readonly string[]> = {
  '': Object.keys(fileFields),
  unpricedModels: Object.keys(likeFields),
  'teams.*': Object.keys(teamFields),
  'budgets.*': Object.keys(budgetFields),
  'budgets.*.scope': Object.keys(scopeFields),
  'budgets.*.limit': Object.keys(limitFields),
  'budgets.*.allowance': Object.keys(limitFields),
  'budgets.*.period': Object.keys(rollingFields),
  'budgets.*.velocity': Object.keys(velocityFields),
  'budgets.*.ladder.*': Object.keys(ladderStepFields),
  'pools.*': Object.keys(poolFields),
  'pools.*.limit': Object.keys(limitFields),
  'features.*': Object.keys(featureFields),
  'contractPrices.*': Object.keys(contractFields),
  'contractPrices.*.usdPerMtok': Object.keys(rateFields),
  'providerOrganizations.*': Object.keys(providerOrganizationFields),
  finance: Object.keys(financeFields),
  'finance.shared': Object.keys(spreadFields),
  'finance.unattributed': Object.keys(spreadFields),
};

const ID_CURE = 'Use lower case letters, digits, dots and dashes, at most 63, such as "support-monthly".';
const DATE_CURE = 'Write a date such as 2026-10-31, or leave it out.';
const RATE_CURE = 'Write USD per million tokens as a decimal, such as "3.75".';
export const LIMIT_CURE =
  'Write one of limit: { usd: "500.00" }, { tokens: 2000000 } and { requests: 1000 }.';
export const ALLOWANCE_CURE = 'Write allowance: { usd: "5.00" } beside onOutage: allowance.';
export const OVERAGE_CURE =
  'Write a percentage of the limit from 0% to 100%, with at most two digits after the point, such as 10%.';
const SPREAD_CURE = 'Write proportional (by what each team spent), even, unallocated, or { team: <id> }.';
const LIST_CURE = 'Write a list, such as [first, second].';

const USD_AMOUNT_CURE = 'Write a decimal amount of USD, such as "500.00".';
const TOKENS_CURE = 'Write a whole number of tokens, such as 2000000.';
const REQUESTS_CURE = 'Write a whole number of requests, such as 1000.';
const PERIOD_CURE = `Write one of ${PERIOD_UNITS.join(', ')}.`;
const ZONE_CURE = 'Write an IANA name such as UTC or Europe/Berlin.';
const ALERTS_CURE = `Write whole percents of the limit from 1 to ${ALERT_PERCENT_MAX}, ascending, such as [50, 75, 90, 100]; [] for none.`;

/** What to write instead, by field. */
export const FIELD_CURES: Record<string, string> = {
  version: 'Write "version: 1".',
  organization: 'Write a name such as "acme".',
  unknownTeams: 'Write unassigned or refuse.',
  tagAllowList: LIST_CURE,
  unpricedModels: 'Write dearest, deny or { like: <model> }.',
  teams: 'Write a list of teams, each with an id.',
  'teams.*': 'Write a team as fields, such as { id: support, name: Support }.',
  'teams.*.id': ID_CURE,
  'teams.*.aliases': LIST_CURE,
  'teams.*.owners': LIST_CURE,
  'teams.*.apiKeys': LIST_CURE,
  'teams.*.workspaces': LIST_CURE,
  budgets: 'Write a list of budgets, each with id, limit and period.',
  'budgets.*': 'Write a budget as fields: id, scope, limit, period.',
  'budgets.*.id': ID_CURE,
  'budgets.*.scope':
    'Write any of team, feature, environment, workflow, user and model, or leave it out for the whole organization.',
  'budgets.*.scope.team': 'Write the id of a team that the file lists under teams.',
  'budgets.*.each': `Write one of ${eachSchema.options.join(', ')}, or leave it out for one budget of the whole scope.`,
  'budgets.*.limit': LIMIT_CURE,
  'budgets.*.limit.usd': USD_AMOUNT_CURE,
  'budgets.*.limit.tokens': TOKENS_CURE,
  'budgets.*.limit.requests': REQUESTS_CURE,
  'budgets.*.period': `Write one of ${PERIOD_UNITS.join(', ')}, or a window such as { rolling: 24h }.`,
  'budgets.*.period.rolling': 'Write whole minutes, hours or days, from 1m to 90d, such as 24h.',
  'budgets.*.timeZone': ZONE_CURE,
  'budgets.*.pool': 'Write the id of a pool that the file lists under pools.',
  'budgets.*.mode': 'Write enforce or observe.',
  'budgets.*.overage': OVERAGE_CURE,
  'budgets.*.onOutage': 'Write block, allow, or allowance with "allowance: { usd: ... }" beside it.',
  'budgets.*.allowance': ALLOWANCE_CURE,
  'budgets.*.allowance.usd': 'Write a decimal amount of USD, such as "5.00".',
  'budgets.*.alerts': ALERTS_CURE,
  'budgets.*.velocity': 'Write velocity: { floorUsd: "5.00", times: 4, pauseMinutes: 10 }.',
  'budgets.*.velocity.floorUsd':
    'Write what five minutes may always cost, more than nothing, such as "5.00".',
  'budgets.*.velocity.times': `Write a whole number from 2 to ${VELOCITY_TIMES_MAX}, such as 4.`,
  'budgets.*.velocity.pauseMinutes': `Write whole minutes from 1 to ${VELOCITY_PAUSE_MINUTES_MAX}, such as 10.`,
  'budgets.*.ladder': `Write a list of at most ${LADDER_STEPS_MAX} steps, such as [{ step: trim, minOutputTokens: 1024 }].`,
  'budgets.*.ladder.*': 'Write a step as fields: step, and minOutputTokens or model.',
  'budgets.*.ladder.*.step':
    'Write trim (lower max_tokens), standard-speed (no fast mode) or downgrade (another model).',
  pools: 'Write a list of pools, each with id, limit and period.',
  'pools.*': 'Write a pool as fields: id, limit, period.',
  'pools.*.id': ID_CURE,
  'pools.*.limit': LIMIT_CURE,
  'pools.*.limit.usd': USD_AMOUNT_CURE,
  'pools.*.limit.tokens': TOKENS_CURE,
  'pools.*.limit.requests': REQUESTS_CURE,
  'pools.*.period': PERIOD_CURE,
  'pools.*.timeZone': ZONE_CURE,
  'pools.*.overage': OVERAGE_CURE,
  'pools.*.alerts': ALERTS_CURE,
  features: 'Write a list of features, such as [{ id: ticket-summary, onLeave: drain }].',
  'features.*': 'Write a feature as fields: id, onLeave, drainSeconds, drainMegabytes.',
  'features.*.id': 'Write the name by which calls name the feature.',
  'features.*.onLeave': 'Write cut (end the call at the provider) or drain (read on for its exact usage).',
  contractPrices:
    'Write a list of contract prices, each with id, source and either discountPercent or usdPerMtok.',
  'contractPrices.*':
    'Write a contract price as fields: id, source and either discountPercent or usdPerMtok.',
  'contractPrices.*.id': ID_CURE,
  'contractPrices.*.model': 'Write the name of a model, or leave it out for every model.',
  'contractPrices.*.effectiveFrom': DATE_CURE,
  'contractPrices.*.effectiveTo': DATE_CURE,
  'contractPrices.*.discountPercent': 'Write what is off, such as "12.5".',
  'contractPrices.*.usdPerMtok': 'Write all five: input, cacheRead, cacheWrite5m, cacheWrite1h, output.',
  'contractPrices.*.usdPerMtok.input': RATE_CURE,
  'contractPrices.*.usdPerMtok.cacheRead': RATE_CURE,
  'contractPrices.*.usdPerMtok.cacheWrite5m': RATE_CURE,
  'contractPrices.*.usdPerMtok.cacheWrite1h': RATE_CURE,
  'contractPrices.*.usdPerMtok.output': RATE_CURE,
  'contractPrices.*.promptBand': 'Write standard or long.',
  'teams.*.charging': 'Write showback, chargeback or quota.',
  providerOrganizations: 'Write a list, such as [{ id: <uuid>, adminKeys: [MAIN_ADMIN_KEY] }].',
  'providerOrganizations.*': 'Write an organization as fields: id and adminKeys.',
  'providerOrganizations.*.id': 'Write the id that the provider gives it.',
  'providerOrganizations.*.adminKeys':
    'Write the names of the environment variables that hold its keys, never a key.',
  'providerOrganizations.*.adminKeys.*':
    'Write the name of the environment variable that holds the key, never the key.',
  finance: 'Write the fields of finance, such as { billing: invoiced, shared: proportional }.',
  'finance.billing': 'Write invoiced or prepaid.',
  'finance.toleranceUsd': 'Write a decimal amount of USD, such as "0.05".',
  'finance.shared': SPREAD_CURE,
  'finance.unattributed': SPREAD_CURE,
  'contractPrices.*.source': 'Write where the agreement stands, such as "order form of 2026-01-05".',
};
