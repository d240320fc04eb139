import type { APIRequest } from '@anthropic-ai/sdk';
import { TallygateError } from '@tallygate/usage';
import type { Admission } from './admit.ts';
import { type Answer, emptyAnswer } from './answer.ts';
import type { MeterOptions } from './meter.ts';
import { observeResponse } from './observe-response.ts';
import { type AttemptEnd, usageEvent } from './outcome.ts';
import type { MeterPorts } from './ports.ts';
import { apiKeyHint, backendOf, providerIdentity, UNKNOWN_IDENTITY } from './provider-headers.ts';
import { errorCodeOf, wasSurelyNotSent } from './send-errors.ts';
import { createSettler, type Settler } from './settler.ts';

/** Attempts between admission and outcome. Each ends exactly once: answered, failed, or left when the meter closes. */
export interface InFlight {
  begin(admission: Admission, request: APIRequest, ports: MeterPorts): InFlightAttempt;
  /** Ends what is still open as unknown, then waits until every settlement is through or has given up. */
  close(): Promise<void>;
}

export interface InFlightAttempt {
  /** `next` threw: no response arrived. */
  failed(error: unknown): void;
  /** The response for the caller, watched. */
  answered(response: Response): Response;
}

export function createInFlight(options: MeterOptions): InFlight {
  const open = new Set<() => void>();
  const settlers = new Map<MeterPorts, Settler>();

  function settlerOf(ports: MeterPorts): Settler {
    const existing = settlers.get(ports);
    if (existing) return existing;
    const wait = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));
    const settler = createSettler({ ...ports, logger: options.logger, wait });
    settlers.set(ports, settler);
    return settler;
  }

  function begin(admission: Admission, request: APIRequest, ports: MeterPorts): InFlightAttempt {
    const start = startOf(options);
    let end: Omit<AttemptEnd, keyof ReturnType<typeof timing>> = noResponse(request);
    let hold = admission.hold;
    let firstByteMonotonicMs: number | null = null;
    let extendAtMonotonicMs = start.monotonicMs + admission.holdTtlMs / 2;

    const timing = () => ({
      startedAtMs: start.atMs,
      endedAtMs: options.clock.nowMs(),
      latencyMs: Math.max(0, options.clock.monotonicMs() - start.monotonicMs),
      timeToFirstTokenMs:
        firstByteMonotonicMs === null ? null : Math.max(0, firstByteMonotonicMs - start.monotonicMs),
    });

    /** price → record → settle. The caller waits for none of it. */
    function conclude(answer: Answer, broken: boolean): void {
      open.delete(leave);
      const event = usageEvent(
        admission,
        { ...end, ...timing(), answer, broken },
        {
          apiKeyId: options.apiKeyId,
          backend: options.backend ?? backendOf(request),
        },
      );
      try {
        ports.sink.recordOutcome(event, hold);
      } catch (error) {
        // The caller's answer must not fail because our disk did; the gate still learns what was spent.
        options.logger.error('outcome not recorded', { attemptId: event.eventId, error: String(error) });
      }
      settlerOf(ports).settle(event, hold);
    }

    function leave(): void {
      conclude(emptyAnswer(), true);
    }

    function bytesArrived(): void {
      const nowMonotonicMs = options.clock.monotonicMs();
      firstByteMonotonicMs ??= nowMonotonicMs;
      if (hold === null || nowMonotonicMs < extendAtMonotonicMs) return;
      extendAtMonotonicMs = nowMonotonicMs + admission.holdTtlMs / 2;
      ports.gate
        .extend(hold, admission.holdTtlMs)
        .then((reply) => {
          if (reply.kind === 'extended') hold = reply.hold;
        })
        .catch((error: unknown) => {
          const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
          options.logger.warn('hold not extended', { attemptId: admission.attempt.attemptId, code });
        });
    }

    open.add(leave);
    return {
      failed(error) {
        end = { ...end, mayBeBilled: !wasSurelyNotSent(error), errorCode: errorCodeOf(error) };
        conclude(emptyAnswer(), true);
      },
      answered(response) {
        end = {
          ...end,
          httpStatus: response.status,
          identity: providerIdentity(response.headers),
          mayBeBilled: response.ok,
        };
        return observeResponse(response, {
          onBytes: bytesArrived,
          onEnd(answer, { broken, error }) {
            if (error !== null) end = { ...end, errorCode: errorCodeOf(error) };
            conclude(answer, broken);
          },
        });
      },
    };
  }

  return {
    begin,
    async close() {
      for (const leave of [...open]) leave();
      await Promise.all([...settlers.values()].map((settler) => settler.idle()));
    },
  };
}

function startOf(options: MeterOptions): { atMs: number; monotonicMs: number } {
  return { atMs: options.clock.nowMs(), monotonicMs: options.clock.monotonicMs() };
}

function noResponse(request: APIRequest) {
  return {
    answer: emptyAnswer(),
    broken: true,
    identity: UNKNOWN_IDENTITY,
    httpStatus: null as number | null,
    mayBeBilled: true,
    errorCode: null as string | null,
    apiKeyHint: apiKeyHint(request),
  };
}
