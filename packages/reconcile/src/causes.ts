/**
 * Every reason for which our total and the bill may part, in the order in which a waterfall walks from one to the other. What
 * the amount of each is, and what proves it:
 *
 * - rounding: exact − charged, kept on the rows.
 * - price_version: our tokens at the book's price of the day on which they were asked for (of their end, where the bill has it
 *   so) − what they were charged; the price ids of the rows.
 * - aborted_estimate, unknown_outcome: true tokens priced − the guess; minutes that hold what no other row of ours does.
 * - missing_rows: tokens priced; minutes with usage that no row of ours has, within a gap of the settlement numbers.
 * - unmetered_key, _workspace, _model, _hours: tokens priced; usage where we have no row at all, the widest of the four that holds.
 * - bucket_edge, batch_timing: what stands in the neighbouring minute, or for batches the neighbouring day, on the other side:
 *   nothing in sum, unless a price changed or the range ended in between.
 * - geography, speed, service_tier: the same tokens at the price of the terms on which the provider counts them, less that of the
 *   terms that the answers showed; both reports by these terms.
 * - web_search: searches that the usage report counts and our rows do not, at their fee.
 * - unbilled_refusal: minus the price of tokens that the usage report counts and the cost report does not bill.
 * - priority_tier: minus our list price of attempts on capacity that is paid by contract.
 * - code_execution, session_runtime, unknown_cost_type: billed lines of kinds that no response shows.
 * - provisional: minus the price of our rows that the provider does not show yet: minutes too recent or beyond what a report says it
 *   covers, and days whose figures are not final, where nothing is there that the rows could be.
 * - ambiguous: the exact sum of minutes that two causes of unknown amount share.
 * - discount: net − list, both as the provider states them. Every other amount is at list price.
 */
export const CAUSES = [
  'rounding',
  'price_version',
  'aborted_estimate',
  'unknown_outcome',
  'missing_rows',
  'unmetered_key',
  'unmetered_workspace',
  'unmetered_model',
  'unmetered_hours',
  'bucket_edge',
  'batch_timing',
  'geography',
  'speed',
  'service_tier',
  'web_search',
  'unbilled_refusal',
  'priority_tier',
  'code_execution',
  'session_runtime',
  'unknown_cost_type',
  'provisional',
  'ambiguous',
  'discount',
] as const;
export type CauseName = (typeof CAUSES)[number];

/** Spend that no meter saw. */
export const DARK_CAUSES: ReadonlySet<CauseName> = new Set([
  'unmetered_key',
  'unmetered_workspace',
  'unmetered_model',
  'unmetered_hours',
]);

export const REASONS = [
  'at_edge',
  'bill_without_keys',
  'charge_not_reproduced',
  'key_unknown',
  'no_row',
  'not_reported',
  'own_keys_unknown',
  'own_workspaces_unknown',
  'price_ambiguous',
  'shared_bucket',
  'too_fresh',
] as const;
/**
 * Why something that was looked at explains nothing. no_row: usage that no row of ours and no gap in their numbers accounts for;
 * not_reported: rows of ours that the provider does not show; bill_without_keys: the cost report adds all keys up; shared_bucket: a minute holds less than the rows that must be in it.
 */
export type Reason = (typeof REASONS)[number];
