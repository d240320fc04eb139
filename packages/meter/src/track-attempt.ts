import type { APIRequest } from '@anthropic-ai/sdk';
import type { Hold } from '@tallygate/usage';
import type { Admission } from './admit.ts';
import { SETTLEMENT_MARGIN_MS } from './admit.ts';
import { type Answer, emptyAnswer } from './answer.ts';
import { departureOf } from './leaving/departure.ts';
import { createLiveHold, type LiveHoldOptions } from './live-hold.ts';
import type { AttemptEnd } from './outcome.ts';
import { apiKeyHint, providerIdentity, UNKNOWN_IDENTITY } from './provider-headers.ts';
import { errorCodeOf, wasSurelyNotSent } from './send-errors.ts';
import type { ResponseObserver } from './watching/observe-response.ts';

/** One attempt under way, from the moment it is sent to the last byte that its caller reads. */
export interface TrackedAttempt {
  /** What is sent for it. */
  request: APIRequest;
  /** `next` threw: no response arrived. */
  failed(error: unknown): void;
  /** The response for the caller, watched. */
  answered(response: Response): Response;
  /** Nobody will see the rest: it ends with what was read so far. */
  left(): void;
  /** To be called every `UPKEEP_MS` while it is under way. */
  upkeep(): void;
}

/** @param onEnd called exactly once, with the hold as it stands then: a long stream has extended it. */
export function trackAttempt(
  admission: Admission,
  request: APIRequest,
  parts: LiveHoldOptions,
  onEnd: (end: AttemptEnd, hold: Hold | null) => void,
): TrackedAttempt {
  const { clock } = parts;
  const startedMonotonicMs = clock.monotonicMs();
  const elapsedMs = () => Math.max(0, clock.monotonicMs() - startedMonotonicMs);
  const hold = createLiveHold(admission.hold, admission.holdTtlMs, parts);
  const end = openEnd(request);
  const departure = departureOf(admission, request, (durationMsMax) => {
    if (!isOver) hold.keepFor(durationMsMax + SETTLEMENT_MARGIN_MS);
  });
  const readings: Answer[] = [];
  let isOver = false;

  /** An attempt that was left can still be answered, fail or be read to its end: the first end counts. */
  function finish(answer: Answer, broken: boolean): void {
    if (isOver) return;
    isOver = true;
    noteEnd(end, { answer, broken, endedAtMs: clock.nowMs(), latencyMs: elapsedMs() });
    onEnd(end, hold.current());
  }

  const left = () => finish(readings.find(({ usage }) => usage !== null) ?? emptyAnswer(), true);

  const observer: ResponseObserver = {
    expectsStream: admission.facts.streamed,
    onReading: (answer) => void readings.push(answer),
    onForgotten: left,
    onBytes() {
      if (end.timeToFirstTokenMs === null) end.timeToFirstTokenMs = elapsedMs();
      hold.keepAlive();
    },
    onEnd(answer, { broken, error }) {
      if (error !== null) end.errorCode = errorCodeOf(error);
      finish(answer, broken);
    },
  };

  /** What cannot be watched, as a response made by hand, is passed on: it was billed, but how much stays unknown. */
  function answered(response: Response): Response {
    try {
      noteHead(end, response);
      return departure.observe(response, observer);
    } catch (error) {
      const { attemptId } = admission.attempt;
      parts.logger.warn('response cannot be watched', { attemptId, error: String(error) });
      left();
      return response;
    }
  }

  return {
    request: departure.request,
    failed(error) {
      departure.failed();
      end.mayBeBilled = !wasSurelyNotSent(error);
      end.errorCode = errorCodeOf(error);
      finish(emptyAnswer(), true);
    },
    answered,
    left() {
      left();
      departure.close();
    },
    upkeep: hold.upkeep,
  };
}

function noteHead(end: AttemptEnd, response: Response): void {
  end.httpStatus = response.status;
  end.mayBeBilled = response.ok;
  end.identity = providerIdentity(response.headers);
}

type Ended = Pick<AttemptEnd, 'answer' | 'broken' | 'endedAtMs' | 'latencyMs'>;

function noteEnd(end: AttemptEnd, { answer, broken, endedAtMs, latencyMs }: Ended): void {
  end.answer = answer;
  end.broken = broken;
  end.endedAtMs = endedAtMs;
  end.latencyMs = latencyMs;
}

/** An attempt of which nothing is known yet but that it was sent. */
function openEnd(request: APIRequest): AttemptEnd {
  return {
    answer: emptyAnswer(),
    broken: true,
    identity: UNKNOWN_IDENTITY,
    httpStatus: null,
    mayBeBilled: true,
    errorCode: null,
    apiKeyHint: apiKeyHint(request),
    endedAtMs: 0,
    latencyMs: 0,
    timeToFirstTokenMs: null,
  };
}
