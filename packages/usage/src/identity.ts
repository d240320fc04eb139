import { v7 } from 'uuid';

/** Attempt id = event id = hold id: a UUIDv7, made before anything else happens, so that every later step is idempotent by it. */
export function newAttemptId(): string {
  return v7();
}

/** Groups the attempts of one call. */
export function newCallId(): string {
  return v7();
}

export function newDenialId(): string {
  return v7();
}

export function newReportId(): string {
  return v7();
}
