import type { APIRequest } from '@anthropic-ai/sdk';
import type { Admission } from './admit.ts';
import { type Answer, emptyAnswer } from './answer.ts';
import { createLiveHold } from './live-hold.ts';
import type { MeterOptions } from './meter.ts';
import { observeResponse } from './observe-response.ts';
import { type AttemptEnd, usageEvent } from './outcome.ts';
import type { MeterPorts } from './ports.ts';
import { apiKeyHint, providerIdentity, UNKNOWN_IDENTITY } from './provider-headers.ts';
import { errorCodeOf, wasSurelyNotSent } from './send-errors.ts';
import { createSettler, type Settler } from './settler.ts';

/** Attempts between admission and outcome. Each ends exactly once: answered, failed, or left when the meter closes. */
export interface InFlight {
  begin(admission: Admission, request: APIRequest, ports: MeterPorts): InFlightAttempt;
  /** Resolves when every settlement is through or has given up. */
  settled(): Promise<void>;
  /** Ends what is still open as unknown, then waits as `settled` does. */
  close(): Promise<void>;
}

export interface InFlightAttempt {
  /** `next` threw: no response arrived. */
  failed(error: unknown): void;
  /** The response for the caller, watched. */
  answered(response: Response): Response;
}

export function createInFlight(options: MeterOptions): InFlight {
  const { clock, logger } = options;
  const open = new Set<() => void>();
  const settlers = new Map<MeterPorts, Settler>();

  function settlerOf(ports: MeterPorts): Settler {
    let settler = settlers.get(ports);
    settler ??= createSettler({ ...ports, logger, wait: waitMs });
    settlers.set(ports, settler);
    return settler;
  }

  /** Price → record → settle. The caller waits for none of it. */
  function conclude(admission: Admission, ports: MeterPorts, end: AttemptEnd): void {
    const event = usageEvent(admission, end, { apiKeyId: options.apiKeyId });
    try {
      ports.sink.recordOutcome(event, admission.hold);
    } catch (error) {
      // The caller's answer must not fail because our disk did; the gate still learns what was spent.
      logger.error('outcome not recorded', { attemptId: event.eventId, error: String(error) });
    }
    settlerOf(ports).settle(event, admission.hold);
  }

  function begin(admission: Admission, request: APIRequest, ports: MeterPorts): InFlightAttempt {
    const startedMonotonicMs = clock.monotonicMs();
    const hold = createLiveHold(admission.hold, admission.holdTtlMs, { gate: ports.gate, clock, logger });
    const end = openEnd(request);

    function finish(answer: Answer, broken: boolean): void {
      open.delete(leave);
      const latencyMs = Math.max(0, clock.monotonicMs() - startedMonotonicMs);
      const ended = { ...end, answer, broken, endedAtMs: clock.nowMs(), latencyMs };
      conclude({ ...admission, hold: hold.current() }, ports, ended);
    }

    const leave = () => finish(emptyAnswer(), true);
    open.add(leave);
    return {
      failed(error) {
        end.mayBeBilled = !wasSurelyNotSent(error);
        end.errorCode = errorCodeOf(error);
        finish(emptyAnswer(), true);
      },
      answered(response) {
        end.httpStatus = response.status;
        end.identity = providerIdentity(response.headers);
        end.mayBeBilled = response.ok;
        return observeResponse(response, {
          onBytes() {
            end.timeToFirstTokenMs ??= Math.max(0, clock.monotonicMs() - startedMonotonicMs);
            hold.keepAlive();
          },
          onEnd(answer, { broken, error }) {
            if (error !== null) end.errorCode = errorCodeOf(error);
            finish(answer, broken);
          },
        });
      },
    };
  }

  async function settled(): Promise<void> {
    await Promise.all([...settlers.values()].map((settler) => settler.idle()));
  }

  return {
    begin,
    settled,
    close() {
      for (const leave of [...open]) leave();
      return settled();
    },
  };
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

function waitMs(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
