/**
 * What the tables can hold. The engine does not complain about an amount beyond Int64 or a year beyond 2299: it wraps or
 * clamps, and stores another number. So the limits are checked here, before a row is acknowledged and again before it is sent.
 */
import { type DenialRecord, type Settlement, TallygateError, type UsageEvent } from '@tallygate/usage';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const LAST_INSTANT_MS = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` naming the field. */
export function requireStorableEvent(event: UsageEvent): void {
  requireInstants(event, ['startedAtMs', 'endedAtMs', 'budgetInstantMs']);
  for (const line of event.lines) {
    requireAmounts(line, ['listCostNanoUsd', 'contractedCostNanoUsd', 'webSearchCostNanoUsd']);
  }
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` naming the field. */
export function requireStorableSettlement(settlement: Settlement): void {
  requireInstants(settlement, ['budgetInstantMs', 'settledAtMs']);
  for (const entry of settlement.entries) requireAmounts(entry, ['amountNanoUsd']);
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` naming the field. */
export function requireStorableDenial(denial: DenialRecord): void {
  requireInstants(denial, ['periodStartMs', 'periodEndMs', 'retryAtMs', 'atMs']);
  requireAmounts(denial, ['limitNanoUsd', 'spentNanoUsd', 'heldNanoUsd', 'neededNanoUsd']);
}

function requireInstants<Field extends string>(fact: Record<Field, number>, fields: Field[]): void {
  for (const field of fields) {
    if (!(fact[field] >= 0 && fact[field] <= LAST_INSTANT_MS)) throw unstorable(field, fact[field]);
  }
}

function requireAmounts<Field extends string>(fact: Record<Field, bigint>, fields: Field[]): void {
  for (const field of fields) {
    if (fact[field] < INT64_MIN || fact[field] > INT64_MAX) throw unstorable(field, fact[field]);
  }
}

function unstorable(field: string, value: number | bigint): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${field} = ${value} is beyond what the ledger can hold.`,
  });
}
