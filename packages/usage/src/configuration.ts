import { z } from 'zod';
import { budgetSchema } from './budget.ts';
import { overrideSchema } from './override.ts';

/** showback: told what it spent. chargeback: its cost centre is charged for it. quota: it pays for its quota, not for its usage. */
const chargingSchema = z.enum(['showback', 'chargeback', 'quota']);

export const teamSchema = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  /** Former or other names under which calls may arrive; they are charged to this team. */
  aliases: z.array(z.string().min(1)),
  costCentre: z.string().nullable(),
  owners: z.array(z.string()),
  /** Ids of the provider's keys and workspaces whose usage is this team's; a key's team before its workspace's. Absent: none. */
  apiKeys: z.array(z.string().min(1)).optional(),
  workspaces: z.array(z.string().min(1)).optional(),
  /** What its statement is for. Absent: chargeback where it has a cost centre, else showback. */
  charging: chargingSchema.optional(),
});
export type Team = z.output<typeof teamSchema>;

/** What a feature that says nothing else allows of a drain: a long answer, and more bytes than the longest of them streams. */
export const DRAIN_DEFAULTS = { drainSeconds: 60, drainMegabytes: 32 } as const;
export const DRAIN_SECONDS_MAX = 3_600;
export const DRAIN_MEGABYTES_MAX = 1_024;

const countUpTo = (max: number) => z.number().int().min(1).max(max);

/** What one feature asks for. Calls of a feature that is not listed are cut when their caller leaves. */
export const featureSchema = z.object({
  /** As calls name it. */
  id: z.string().min(1),
  /** When a caller leaves a response: cut ends it at the provider, too; drain reads on behind the caller for its exact usage. */
  onLeave: z.enum(['cut', 'drain']),
  /** Bounds of a drain, from the instant at which the caller left (MB = 1,000,000 bytes). Beyond either it ends as a cut. */
  drainSeconds: countUpTo(DRAIN_SECONDS_MAX),
  drainMegabytes: countUpTo(DRAIN_MEGABYTES_MAX),
});
export type Feature = z.output<typeof featureSchema>;

/**
 * Who bears a cost that no team's calls caused: every team by what it spent, every team the same, one team, or a cost centre that
 * says so. Nothing is spread unless somebody chose it.
 */
export const spreadRuleSchema = z.union([
  z.enum(['proportional', 'even', 'unallocated']),
  z.object({ team: z.string().min(1) }),
]);
export type SpreadRule = z.output<typeof spreadRuleSchema>;

export const financeSchema = z.object({
  /** prepaid: usage is drawn from credit that was bought before, and no invoice asks for it. */
  billing: z.enum(['invoiced', 'prepaid']),
  /** What only an invoice adds or takes: tax, credits, commitments. */
  shared: spreadRuleSchema,
  /** Usage of no listed team, and usage that was not metered. */
  unattributed: spreadRuleSchema,
  /** Of journals: the company, the accounts, and the cost centres that are not a team's. */
  entity: z.string(),
  expenseAccount: z.string(),
  clearingAccount: z.string(),
  clearingCostCentre: z.string(),
  unallocatedCostCentre: z.string(),
  /** What a reconciliation may leave unexplained, either way, and still agree; absent: nothing. */
  toleranceUsd: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/)
    .optional(),
});
export type Finance = z.output<typeof financeSchema>;

/** Where tallygate.yaml says nothing. */
export const FINANCE_DEFAULTS: Finance = {
  billing: 'invoiced',
  shared: 'unallocated',
  unattributed: 'unallocated',
  entity: '',
  expenseAccount: '',
  clearingAccount: '',
  clearingCostCentre: '',
  unallocatedCostCentre: 'unallocated',
  toleranceUsd: '0',
};

/** What to do with a model that the price book does not know. It is flagged on the row and never costs nothing. */
export const unpricedPolicySchema = z.union([
  z.literal('dearest'),
  z.literal('deny'),
  z.object({ like: z.string().min(1) }),
]);
export type UnpricedPolicy = z.output<typeof unpricedPolicySchema>;

/**
 * Registry, budgets and prices of one organization as one versioned value. The gate refuses a reserve that was computed
 * with another version, so a change is in force everywhere within one call.
 */
export const configurationSnapshotSchema = z.object({
  /** 0 is the empty configuration nobody has published yet; each publication adds one. */
  version: z.number().int().min(0),
  organization: z.string().min(1),
  teams: z.array(teamSchema),
  unknownTeams: z.enum(['unassigned', 'refuse']),
  tagAllowList: z.array(z.string()),
  unpricedModels: unpricedPolicySchema,
  budgets: z.array(budgetSchema),
  /** Decided beside the file, for a time; absent: nothing is. Those that are over stay until the ledger has them. */
  overrides: z.array(overrideSchema).optional(),
  /** Absent: `FINANCE_DEFAULTS`. */
  finance: financeSchema.optional(),
  /** Absent: no feature asks for anything. */
  features: z.array(featureSchema).optional(),
  /** A published price book, or null for the one built into the library. Its schema belongs to `pricing`. */
  priceBook: z.unknown().nullable(),
  /** What was agreed with the provider, beside list price; absent: everybody pays list. Its schema belongs to `pricing`. */
  contractPrices: z.unknown().optional(),
});
export type ConfigurationSnapshot = z.output<typeof configurationSnapshotSchema>;

export function emptyConfiguration(organization: string): ConfigurationSnapshot {
  return {
    version: 0,
    organization,
    teams: [],
    unknownTeams: 'unassigned',
    tagAllowList: [],
    unpricedModels: 'dearest',
    budgets: [],
    priceBook: null,
  };
}
