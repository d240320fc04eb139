import type { APIRequest, Middleware } from '@anthropic-ai/sdk';
import { neverThrowing } from '@tallygate/usage';
import { admit } from './admit.ts';
import { type CallContext, createsMessage } from './attempt.ts';
import { type BatchRoute, batchRoute } from './batches/batch-routes.ts';
import { createBatchMeter } from './batches/meter-batches.ts';
import { createExpectedShares } from './estimate-share.ts';
import { sendCovered } from './fetch/covered-sends.ts';
import { createMeteredFetch } from './fetch/metered-fetch.ts';
import { createInFlight } from './in-flight.ts';
import { markMetered } from './innermost.ts';
import type { MeterOptions } from './meter-options.ts';
import { openTelemetry } from './otel.ts';
import { NO_TELEMETRY, type Telemetry } from './telemetry.ts';
import type { TrackedAttempt } from './track-attempt.ts';

export interface Meter {
  middleware: Middleware;
  /** The same for what has no middleware: meters each `POST …/v1/messages` that goes through it, and sends it by `inner`. */
  fetch(inner?: typeof fetch): typeof fetch;
  /** Resolves when no settlement is under way. */
  settled(): Promise<void>;
  /** Records at once what nobody has read to its end, with what was read of it: all that a process can do that exits now. */
  leave(): void;
  /** Ends what nobody has read to its end, with what was read of it; waits for settlements under way. */
  close(): Promise<void>;
}

/**
 * The life of a call, once per HTTP attempt: attribute, estimate and reserve (`admit`; what a budget
 * refuses may be changed by its ladder, `ladder/`), send, read the usage as the caller
 * reads the response (`observeResponse`), then price, record and settle behind the caller's back (`conclude`).
 *
 * It throws what the SDK would throw, and three errors of its own, all before anything is sent: `BudgetExceededError`,
 * `AttributionError`, and an outage of the gate where a budget says `onOutage: block` or has no allowance left. The SDK retries none of them.
 *
 * Message batches live for a day and have a life of their own: `batches/meter-batches.ts`.
 */
export function createMeter(given: MeterOptions): Meter {
  const options: MeterOptions = { ...given, logger: neverThrowing(given.logger) };
  const shares = createExpectedShares();
  const inFlight = createInFlight(options, shares);
  const batches = createBatchMeter(options);
  const telemetry = telemetryOf(options);

  const tallygateMeter: Middleware = (request, next, context) => {
    if (options.mode === 'off') return next(request);
    if (createsMessage(request)) return meterMessage(request, next, context);
    const route = batchRoute(request);
    return route ? meterBatch(route, request, next, context) : next(request);
  };

  const meterMessage: Middleware = async (request, next, context) => {
    const attempt = await inFlight.entering(() => enter(request, context));
    if (!attempt) return next(request);
    try {
      return attempt.answered(await sendCovered(() => next(attempt.request)));
    } catch (error) {
      attempt.failed(error);
      throw error;
    }
  };

  /** Null: the call goes on unmetered, because there is nothing to meter or because we failed and only observe. */
  async function enter(request: APIRequest, context: CallContext): Promise<TrackedAttempt | null> {
    try {
      const ports = await options.ports();
      const admission = await admit(request, context, ports, options, shares);
      return (
        admission && inFlight.begin(admission, admission.changed?.request ?? request, ports, await telemetry)
      );
    } catch (error) {
      return unmetered(error, options);
    }
  }

  async function meterBatch(
    route: BatchRoute,
    ...[request, next, context]: Parameters<Middleware>
  ): Promise<Response> {
    const ports = await options.ports().catch((error: unknown) => unmetered(error, options));
    const send = (sent: APIRequest) => sendCovered(() => next(sent));
    return ports ? batches.handle(route, request, send, context, ports) : next(request);
  }

  const bothDone = async (messages: Promise<void>) => {
    await Promise.all([messages, batches.settled()]);
  };
  return {
    middleware: markMetered(tallygateMeter),
    fetch: (inner) =>
      createMeteredFetch({ mode: options.mode, logger: options.logger, middleware: tallygateMeter }, inner),
    settled: () => bothDone(inFlight.settled()),
    leave: inFlight.leave,
    close: () => bothDone(inFlight.close()),
  };
}

async function telemetryOf(options: MeterOptions): Promise<Telemetry> {
  if (options.mode === 'off' || options.telemetry === 'off') return NO_TELEMETRY;
  return openTelemetry({ logger: options.logger, load: options.loadOpenTelemetry });
}

/** Observing refuses nothing: what fails of ours is no reason for a call to fail. Enforcing does not go on without us. */
function unmetered(error: unknown, { mode, logger }: MeterOptions): null {
  if (mode === 'enforce') throw error;
  logger.error('metering failed, the call goes on unmetered', { error: String(error) });
  return null;
}
