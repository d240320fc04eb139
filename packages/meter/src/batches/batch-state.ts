import { isObject } from '../answer.ts';

/** A batch as the provider describes it, as far as metering cares. */
export interface BatchState {
  batchId: string;
  createdAtMs: number | null;
  /** Null while it is processed. */
  endedAtMs: number | null;
  /** Items that are billed. Null while it is processed: the provider counts when the batch has ended. */
  succeeded: number | null;
}

/**
 * Reads a copy of a small answer, taken before this returns: the response stays the caller's, to be read in any way. Null where
 * it cannot be read or is no batch; never rejects.
 */
export async function batchStateIn(response: Response): Promise<BatchState | null> {
  try {
    return readBatchState(await response.clone().json());
  } catch {
    return null;
  }
}

/** Null for anything that is not a batch. */
export function readBatchState(body: unknown): BatchState | null {
  if (!isObject(body) || body['type'] !== 'message_batch' || typeof body['id'] !== 'string') return null;
  const ended = body['processing_status'] === 'ended';
  const counts = isObject(body['request_counts']) ? body['request_counts'] : {};
  const succeeded = counts['succeeded'];
  return {
    batchId: body['id'],
    createdAtMs: instantOrNull(body['created_at']),
    endedAtMs: ended ? instantOrNull(body['ended_at']) : null,
    succeeded: ended && typeof succeeded === 'number' ? succeeded : null,
  };
}

function instantOrNull(value: unknown): number | null {
  const instantMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(instantMs) && instantMs >= 0 ? instantMs : null;
}
