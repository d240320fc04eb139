import type { APIRequest } from '@anthropic-ai/sdk';
import { observeResponse, type ResponseObserver } from '../watching/observe-response.ts';
import { kindOf } from '../watching/pull-through.ts';
import { watchReads } from '../watching/watch-reads.ts';
import { callerResponse, hasDrainableBody } from './caller-response.ts';
import { callerStream } from './caller-stream.ts';
import type { Departure } from './departure.ts';
import { createDrain, type Drain, type DrainBounds } from './drain.ts';
import { followAbort } from './follow-abort.ts';
import { readingFor } from './reading-for.ts';

/**
 * The connection is ours, and the caller's signal speaks to it only until the response is there: so it survives a caller who leaves
 * the body. To the caller everything is as it would be: an abort breaks the body at once and with its own reason, a cancellation
 * resolves. Behind it the source is read on, for its usage alone.
 *
 * Errors and bodies that are no web streams have nothing to drain: they end as the caller leaves them.
 */
export function drainOnLeave(
  request: APIRequest,
  bounds: DrainBounds,
  onDraining: (durationMsMax: number) => void,
): Departure {
  const connection = new AbortController();
  const abort = (reason?: unknown) => connection.abort(reason);
  const caller = followAbort(request.signal ?? null, abort);
  let drain: Drain | null = null;
  let isClosed = false;

  function observe(response: Response, observer: ResponseObserver): Response {
    if (!hasDrainableBody(response)) {
      caller.releaseWith(response.body ?? response);
      return observeResponse(response, observer);
    }
    const kind = kindOf(response.body);
    const reads = watchReads(response.body.getReader(), () => reading);
    const reading = readingFor(response, observer);
    drain = createDrain(reads, bounds, {
      onDraining: () => onDraining(bounds.durationMs),
      onOver: caller.release,
      abort,
    });
    const { close, leave } = drain;
    if (isClosed) close();
    const { stream, fail } = callerStream(kind, reads, leave);
    caller.redirect((reason) => {
      fail(reason);
      leave();
    });
    return callerResponse(response, stream);
  }

  return {
    request: { ...request, signal: connection.signal },
    observe,
    failed: caller.release,
    close() {
      isClosed = true;
      drain?.close();
    },
  };
}
