import { TallygateError } from '@tallygate/usage';

/**
 * The gate cannot answer. The original error is kept as text only: those of the Redis client carry the arguments of the
 * command, and those of AUTH are the password.
 */
export function unavailable(message: string, cause?: unknown, cure?: string): TallygateError {
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: cause instanceof Error ? `${message} (${cause.message}).` : `${message}.`,
    ...(cure === undefined ? {} : { cure }),
  });
}

export function publishedByOther(liveVersion: number, offeredVersion: number): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_OUTDATED', {
    message: `Version ${liveVersion} is live, so the next one is ${liveVersion + 1}, not ${offeredVersion}.`,
  });
}

export function noLedgerToRebuildFrom(): TallygateError {
  return unavailable(
    'The gate has no ledger to be rebuilt from',
    undefined,
    'Run it where the ledger is: with TALLYGATE_CLICKHOUSE_URL, or on the machine that keeps it.',
  );
}
