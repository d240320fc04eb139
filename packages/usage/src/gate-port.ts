import { z } from 'zod';
import type { AlertOutbox } from './alert-port.ts';
import { attributionSchema } from './attribution.ts';
import { budgetSchema } from './budget.ts';
import type { ConfigurationSnapshot } from './configuration.ts';
import { denialSchema, holdSchema } from './hold.ts';
import { nanoUsdSchema } from './money.ts';
import { settlementSchema } from './settlement.ts';

/** Ask for an amount on every budget that covers the attribution, all or nothing. */
export const reserveRequestSchema = z.object({
  attemptId: z.string().min(1),
  attribution: attributionSchema,
  /** Plain name of the requested model; of every model that a batch asks for. */
  models: z.array(z.string()),
  /** What the attempt will probably cost; the limit is checked against spent + held at this estimate. */
  expectedNanoUsd: nanoUsdSchema,
  /** What it can cost at most; the same limit is checked against spent + held at the worst. */
  worstNanoUsd: nanoUsdSchema,
  /** What budgets in tokens are asked for: input of every class, and output. Absent: not told, and those budgets refuse to guess. */
  tokens: z.object({ expected: nanoUsdSchema, worst: nanoUsdSchema }).optional(),
  /** What budgets in requests are asked for. Absent: one. */
  requests: nanoUsdSchema.optional(),
  /** How long the hold lives without `extend`. */
  ttlMs: z.number().int().min(1),
  /** Version of the configuration that attribution and estimate were computed with. */
  configVersion: z.number().int().min(0),
  /** False: observe. The hold is made even where it does not fit, and the reply says which budgets would have denied. */
  enforce: z.boolean(),
});
export type ReserveRequest = z.output<typeof reserveRequestSchema>;

/** held: the call may go on. denied: nothing was written. outdated: nothing was written, reload the configuration and ask again. */
export const reserveReplySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('held'), hold: holdSchema, wouldDeny: z.array(denialSchema) }),
  z.object({ kind: z.literal('denied'), denial: denialSchema }),
  z.object({ kind: z.literal('outdated'), version: z.number().int() }),
]);
export type ReserveReply = z.output<typeof reserveReplySchema>;

/** Each budget is charged in its own measure; `tokens` and `requests` as in `ReserveRequest`. */
export const settleRequestSchema = z.object({
  hold: holdSchema,
  amountNanoUsd: nanoUsdSchema,
  tokens: nanoUsdSchema.optional(),
  requests: nanoUsdSchema.optional(),
});
export type SettleRequest = z.output<typeof settleRequestSchema>;

/**
 * settled / released: the hold was live. late: it had expired, the charge counts all the same. reopened: it had been
 * released, the charge counts. orphan: the gate does not know the hold, the charge counts. duplicate: done before, nothing
 * changed, the first settlement is returned.
 */
export const settleReplySchema = z.object({
  outcome: z.enum(['settled', 'released', 'late', 'reopened', 'orphan', 'duplicate']),
  settlement: settlementSchema,
});
export type SettleReply = z.output<typeof settleReplySchema>;

/** extended: `hold` is the live one from now on. ended: it was settled, released or expired before. */
export const extendReplySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('extended'), hold: holdSchema }),
  z.object({ kind: z.literal('ended') }),
]);
export type ExtendReply = z.output<typeof extendReplySchema>;

/** A budget in its current period. available = limit − spent − held, which overage can make negative. */
export const balanceSchema = z.object({
  budget: budgetSchema,
  periodStartMs: z.number().int(),
  periodEndMs: z.number().int(),
  spent: nanoUsdSchema,
  held: nanoUsdSchema,
});
export type Balance = z.output<typeof balanceSchema>;

/** A budget of the configuration; of one with `each`, that of one value. */
export const budgetNameSchema = z.strictObject({
  budgetId: z.string().min(1),
  value: z.string().min(1).optional(),
});
export type BudgetName = z.output<typeof budgetNameSchema>;

/** What the ledger knows about one budget period: the sum of its settlements. */
export const settledTotalSchema = z.object({ key: z.string().min(1), amount: nanoUsdSchema });
export type SettledTotal = z.output<typeof settledTotalSchema>;

/**
 * Budgets of one organization. Every method rejects with `TALLYGATE_GATE_UNAVAILABLE` when the gate cannot answer in time;
 * that is an outage, never a denial. All of them may be repeated: they are idempotent by attempt id.
 */
export interface BudgetGate {
  reserve(request: ReserveRequest): Promise<ReserveReply>;
  /** Replaces the hold by the charge. Never refuses for being too large: money already spent must be written. */
  settle(request: SettleRequest): Promise<SettleReply>;
  /** Ends the hold without a charge. Only for attempts of which no byte reached the provider, or which it does not bill. */
  release(hold: z.output<typeof holdSchema>): Promise<SettleReply>;
  /** Moves a live hold's end to now + ttlMs. */
  extend(hold: z.output<typeof holdSchema>, ttlMs: number): Promise<ExtendReply>;
  /** The clock that periods, holds and overrides go by. */
  nowMs(): Promise<number>;
  /**
   * Budgets of the live configuration in their current periods; limits with the grants that are in force. Every one, but those with
   * `each`: of these nobody knows all values, so they are named.
   * @param only these and no others, in this order; a name that stands for no budget has no balance.
   */
  balances(only?: readonly BudgetName[]): Promise<Balance[]>;
  /** The live configuration. */
  configuration(): Promise<ConfigurationSnapshot>;
  /**
   * Makes the snapshot live. Its version must be the live one plus one.
   * @throws TallygateError `TALLYGATE_CONFIGURATION_OUTDATED` when somebody else published first.
   */
  publish(snapshot: ConfigurationSnapshot): Promise<void>;
  /**
   * Forgets its counters and reads them from the ledger again, as after a loss: an outage of about a second, in which processes
   * put back what they hold and write down what they settled. Numbers go on in a new epoch.
   * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` when there is no ledger to read, or it does not answer.
   */
  rebuild(): Promise<void>;
  /** Thresholds that budgets have reached, until somebody was told. */
  readonly outbox: AlertOutbox;
  close(): Promise<void>;
}
