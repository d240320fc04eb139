import {
  type Budget,
  type ConfigurationSnapshot,
  configurationSnapshotSchema,
  type Hold,
  type HoldEntry,
  NANO_USD_MAX,
  type ReserveRequest,
  requireTimeZone,
  TallygateError,
} from '@tallygate/usage';
import type { Charge } from './amounts.ts';
import { isPeriodKey } from './keys.ts';

/** What both gates refuse before they count anything: values that would corrupt a counter rather than change it. */

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` */
export function requireReservable(request: ReserveRequest): void {
  requireAmount('expectedNanoUsd', request.expectedNanoUsd);
  requireAmount('worstNanoUsd', request.worstNanoUsd);
  if (request.tokens !== undefined) {
    requireAmount('tokens.expected', request.tokens.expected);
    requireAmount('tokens.worst', request.tokens.worst);
  }
  if (request.requests !== undefined) requireAmount('requests', request.requests);
  requireTtl(request.ttlMs);
  if (request.attemptId === '') throw invalid('attemptId is empty.');
}

/**
 * A charge is never negative: a correction is a settlement of its own kind.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID`
 */
export function requireAmount(field: string, amount: bigint): void {
  if (amount < 0n || amount > NANO_USD_MAX) {
    throw invalid(`${field} is ${amount}; an amount lies between 0 and ${NANO_USD_MAX}.`);
  }
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` */
export function requireCharge({ amountNanoUsd, tokens, requests }: Charge): void {
  requireAmount('amountNanoUsd', amountNanoUsd);
  if (tokens !== undefined) requireAmount('tokens', tokens);
  if (requests !== undefined) requireAmount('requests', requests);
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` */
export function requireTtl(ttlMs: number): void {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1) {
    throw invalid(`ttlMs is ${ttlMs}; a hold lives a whole number of milliseconds, at least 1.`);
  }
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` when the hold belongs to another organization or names no periods. */
export function requireOwnHold(organization: string, hold: Hold): void {
  if (hold.organization !== organization) {
    throw invalid(
      `hold.organization is "${hold.organization}"; this gate keeps the budgets of "${organization}".`,
    );
  }
  const foreign = hold.entries.find(({ key }) => !isPeriodKey(key));
  if (foreign !== undefined) throw invalid(`hold.entries names "${foreign.key}", which is no budget period.`);
  if (hold.entries.some(paysNegative)) throw invalid('hold.entries has a part that begins or ends below 0.');
}

/** It would take back what others were charged. */
function paysNegative({ paysUpTo = 0n, paysFrom = 0n }: HoldEntry): boolean {
  return paysUpTo < 0n || paysFrom < 0n;
}

/**
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for another organization, two budgets of one id (they would share
 *   a counter), a negative limit, a grant of nothing, an unknown zone, a pool that is none, or anything that is not a snapshot.
 */
export function requireSnapshot(organization: string, snapshot: ConfigurationSnapshot): void {
  const shape = configurationSnapshotSchema.safeEncode(snapshot);
  if (!shape.success)
    throw misconfigured(
      shape.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    );
  if (snapshot.organization !== organization) {
    throw misconfigured(
      `organization is "${snapshot.organization}"; this gate keeps the budgets of "${organization}".`,
      `Name the one that is meant (TALLYGATE_ORGANIZATION, --organization or tallygate.yaml), or use another data directory.`,
    );
  }
  for (const override of snapshot.overrides ?? []) {
    if (override.kind !== 'grant' || override.amount > 0n) continue;
    throw misconfigured(`a grant on budget "${override.budget}" is of ${override.amount} nano-USD.`);
  }
  const ids = new Set<string>();
  for (const budget of snapshot.budgets) {
    if (ids.has(budget.id)) throw misconfigured(`budget "${budget.id}" appears twice.`);
    ids.add(budget.id);
    requireTimeZone(budget.timeZone);
    if (budget.limit < 0n || budget.limit > NANO_USD_MAX) {
      throw misconfigured(`budget "${budget.id}" has a limit of ${budget.limit} nano-USD.`);
    }
    requirePool(budget, snapshot);
  }
}

/** What is missing on a budget can only be held by what counts alike. */
function requirePool({ id, pool, measure, isPool }: Budget, { budgets }: ConfigurationSnapshot): void {
  if (pool === undefined) return;
  const named = budgets.find((budget) => budget.id === pool);
  if (named?.isPool !== true) throw misconfigured(`budget "${id}" names "${pool}", which is no pool.`);
  if (isPool === true) throw misconfigured(`pool "${id}" has a pool itself.`);
  if (named.measure !== measure)
    throw misconfigured(`budget "${id}" and its pool "${pool}" are limited in different measures.`);
}

/** Beyond what a 64-bit counter of nano-USD can hold: about 9.2 billion USD in one period. */
export function outOfRange(key: string): TallygateError {
  return invalid(`The amount would take ${key} beyond ${NANO_USD_MAX} nano-USD.`);
}

function invalid(message: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', { message });
}

function misconfigured(message: string, cure?: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The configuration cannot go live: ${message}`,
    ...(cure === undefined ? {} : { cure }),
  });
}
