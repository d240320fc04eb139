import type { APIRequest } from '@anthropic-ai/sdk';
import type { Logger } from '@tallygate/usage';
import type { Admission } from './admit.ts';
import { createCrowd } from './crowd.ts';
import { compareWithEstimate } from './estimate-compare.ts';
import type { ExpectedShares } from './estimate-share.ts';
import { UPKEEP_MS } from './live-hold.ts';
import type { MeterOptions } from './meter-options.ts';
import { type AttemptEnd, usageEvent } from './outcome.ts';
import type { MeterPorts } from './ports.ts';
import { apiKeyHint } from './provider-headers.ts';
import { createSettler, type Settler } from './settler.ts';
import type { AttemptTelemetry, Telemetry } from './telemetry.ts';
import { type TrackedAttempt, trackAttempt } from './track-attempt.ts';
import { callIntent } from './unknown-outcome.ts';
import { waitMs } from './wait.ts';

/** Attempts between admission and outcome. Each ends exactly once: answered, failed, or left when the meter closes. */
export interface InFlight {
  /** Runs what comes before an attempt: `close` waits for it, so that no call slips through between the two. */
  entering<Result>(work: () => Promise<Result>): Promise<Result>;
  begin(admission: Admission, request: APIRequest, ports: MeterPorts, telemetry: Telemetry): TrackedAttempt;
  /** Resolves when every settlement is through or has given up. */
  settled(): Promise<void>;
  /** Ends what is still open with what was read of it. Recorded when this returns; settled later, by whoever finds it. */
  leave(): void;
  /** As `leave`, and waits as `settled` does. */
  close(): Promise<void>;
}

export function createInFlight(options: MeterOptions, shares: ExpectedShares): InFlight {
  const { clock, logger } = options;
  const open = new Set<TrackedAttempt>();
  const entering = createCrowd();
  const settlers = createSettlers(logger);
  const startUpkeep = createUpkeep(open);

  /** Price → record → settle. The caller waits for none of it. */
  function conclude(admission: Admission, ports: MeterPorts, end: AttemptEnd, trace: AttemptTelemetry): void {
    const { apiKeyId, pseudonymKey } = options;
    const event = usageEvent(admission, end, { apiKeyId, pseudonymKey, traceId: trace.traceId });
    try {
      ports.sink.recordOutcome(event, admission.hold);
    } catch (error) {
      // The caller's answer must not fail because our disk did; the gate still learns what was spent.
      logger.error('outcome not recorded', { attemptId: event.eventId, error: String(error) });
    }
    trace.ended(event);
    void settlers.of(ports).settle(event, admission.hold);
    compareWithEstimate(admission, event, shares, logger);
  }

  function begin(
    admission: Admission,
    request: APIRequest,
    ports: MeterPorts,
    telemetry: Telemetry,
  ): TrackedAttempt {
    const trace = telemetry.begin(admission);
    const parts = { gate: ports.gate, clock, logger };
    const attempt = trackAttempt(admission, request, parts, (end, hold) => {
      open.delete(attempt);
      try {
        admission.hold = hold;
        conclude(admission, ports, end, trace);
      } catch (error) {
        // Called from within the caller's own read: whatever is wrong here must not become an error of the answer.
        const { attemptId } = admission.attempt;
        logger.error('attempt not concluded', { attemptId, error: String(error) });
      }
    });
    open.add(attempt);
    announce(admission, request, ports, options);
    startUpkeep();
    return attempt;
  }

  return {
    entering: entering.during,
    begin,
    settled: settlers.idle,
    leave: () => leaveAll(open),
    async close() {
      await entering.gone();
      leaveAll(open);
      await settlers.idle();
    },
  };
}

/** One for each opening of gate and sink. */
function createSettlers(logger: Logger) {
  const settlers = new Map<MeterPorts, Settler>();
  return {
    of(ports: MeterPorts): Settler {
      const known = settlers.get(ports);
      if (known !== undefined) return known;
      const settler = createSettler({ ...ports, logger, wait: waitMs });
      settlers.set(ports, settler);
      return settler;
    },
    async idle(): Promise<void> {
      await Promise.all([...settlers.values()].map((settler) => settler.idle()));
    },
  };
}

/** One timer for all, and none while nothing is under way. */
function createUpkeep(open: ReadonlySet<TrackedAttempt>): () => void {
  let timer: NodeJS.Timeout | undefined;

  function keepUp(): void {
    for (const attempt of open) attempt.upkeep();
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return () => {
    timer ??= setInterval(keepUp, UPKEEP_MS).unref();
  };
}

/** Each takes itself out of the set. */
function leaveAll(open: Set<TrackedAttempt>): void {
  for (const attempt of [...open]) attempt.left();
}

/** Should this process die before the outcome, there is a row all the same. Without that the call goes on, too. */
function announce(
  admission: Admission,
  request: APIRequest,
  { sink }: MeterPorts,
  { apiKeyId, logger }: MeterOptions,
): void {
  try {
    sink.recordIntent?.(callIntent(admission, { apiKeyId, apiKeyHint: apiKeyHint(request) }));
  } catch (error) {
    const { attemptId } = admission.attempt;
    logger.warn('call in flight not written down', { attemptId, error: String(error) });
  }
}
