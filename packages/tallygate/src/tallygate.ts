import type { Middleware } from '@anthropic-ai/sdk';
import {
  createConfigurationCache,
  createMeter,
  type LadderOptions,
  type Meter,
  type MeterPorts,
  withAttribution,
  wrapClient,
} from '@tallygate/meter';
import {
  type CallAttribution,
  type Clock,
  type FlushReport,
  type Logger,
  neverThrowing,
  silentLogger,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import type { OnAlert } from './alerts/alert-sink.ts';
import type { AlertDelivery } from './alerts/deliver-alerts.ts';
import { startAlerts } from './alerts/start-alerts.ts';
import { closeInTime } from './close-in-time.ts';
import { closeOnExit } from './close-on-exit.ts';
import { loadConfig } from './configuration/load.ts';
import type { ConfigOptions } from './configuration/options.ts';
import { processEnvironment } from './env.ts';
import { pinHold } from './runtime/pin-hold.ts';
import { type Runtime, requireSharedGate } from './runtime/runtime.ts';
import { leaseRuntime, type RuntimeLease } from './shared-runtimes.ts';
import { withinDeadline } from './within-deadline.ts';

/** Every setting of `TALLYGATE_*` and of tallygate.yaml can be given here too, and wins. */
export interface TallygateOptions extends ConfigOptions, LadderOptions {
  /** Receives diagnostics; silent without one. */
  logger?: Logger;
  clock?: Clock;
  /**
   * Told when a budget reaches one of its `alerts`: at least once, by one of the processes that have somebody to tell, each time with the
   * same `id`. Needs no webhook, and works beside one.
   */
  onAlert?: OnAlert;
}

export interface FlushOptions {
  withinMs?: number;
}

export interface Tallygate {
  /**
   * The same client, metered: same class, options, types, errors and streams. Wrapping twice does nothing.
   * @throws TallygateError `TALLYGATE_CLIENT_UNSUPPORTED` for anything without the SDK's middleware option: use `fetch`.
   */
  wrap<Client>(client: Client): Client;
  /** What `wrap` adds, for `new Anthropic({ middleware: [...] })`. Put it last, and prefer `wrap`: docs/reach.md says why. */
  middleware: Middleware;
  /**
   * `fetch`, metered: for SDKs without middleware, other libraries, and calls without any. A call is attributed by its header
   * `x-tallygate-attribution` (JSON, never sent on), else by scope and defaults.
   */
  readonly fetch: typeof fetch;
  /** Attributes every call made inside `work`. */
  withAttribution<Result>(attribution: CallAttribution, work: () => Result): Result;
  /**
   * Resolves when all that was recorded so far is settled and in the ledger, or when that does not answer: `pending` then says how
   * many records wait. Takes `withinMs` at most, by default TALLYGATE_DRAIN_MS. For functions that are frozen after their answer:
   * `waitUntil(tally.flush())`, after the answer was read to its end.
   */
  flush(options?: FlushOptions): Promise<FlushReport>;
  /**
   * Ends open attempts, settles, drains. Resolves within TALLYGATE_DRAIN_MS, whoever does not answer; a call that still waits for the
   * gate by then is recorded all the same, if the process lives. Also done before the process ends by itself, and on SIGTERM unless
   * the application handles that: then only what is recorded is drained, since its last calls may still be under way. Safe to call
   * twice.
   */
  close(): Promise<void>;
}

/**
 * Meters, gates and records what an application spends on Claude. Cheap to call: gate and ledger open behind the first call.
 * In mode `observe`, the default, nothing of ours can fail a call; `enforce` lets budgets deny.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` at once for a setting that is wrong.
 */
export function tallygate(options: TallygateOptions = {}): Tallygate {
  const {
    logger: given = silentLogger,
    clock = systemClock,
    ladder,
    onLadder,
    onAlert,
    ...settings
  } = options;
  const logger = neverThrowing(given);
  const { config } = loadConfig({ options: settings, ...processEnvironment() });
  requireSharedGate(config);
  const lease = leaseRuntime(config, { clock, logger });
  let opened: Promise<MeterPorts> | null = null;
  let alerts: AlertDelivery | null = null;
  let closing: Promise<void> | null = null;
  const ports = async () => {
    // Opened again it would never be closed: what a late call records could not be drained by anybody here.
    if (closing !== null) throw closedBefore();
    opened ??= open();
    return opened;
  };
  const open = async () => {
    try {
      const runtime = await lease.runtime();
      alerts ??= startAlerts(runtime, { config, onAlert, clock, logger });
      return portsOf(runtime, logger);
    } catch (error) {
      // The next call tries again.
      opened = null;
      throw error;
    }
  };
  const { mode, apiKeyId, pseudonymKey, defaults, telemetry, backend } = config;
  const meter = createMeter({
    ...{ mode, apiKeyId, pseudonymKey, defaults, telemetry, clock, logger, ports, ladder, onLadder },
    ...(backend === null ? {} : { backend }),
  });
  const middleware = meter.middleware;
  // Made when asked for: a process without one is spared the cost of following asynchronous scopes.
  let meteredFetch: typeof fetch | null = null;

  const close = () => {
    const send = async () => (await opened)?.sink.flush();
    const stopAlerts = async () => alerts?.stop();
    const { drainMs } = config;
    closing ??= closeInTime({ meter, lease, send, stopAlerts, clock, drainMs }).finally(forget);
    return closing;
  };
  const flush = async ({ withinMs = config.drainMs }: FlushOptions = {}) =>
    opened === null ? NOTHING_SENT : flushWithin(withinMs, { opened, lease, meter });
  const forget = mode === 'off' ? () => undefined : closeOnExit({ close, flush, leave: meter.leave });

  return {
    wrap: (client) => wrapClient(client, middleware),
    middleware,
    get fetch() {
      meteredFetch ??= meter.fetch();
      return meteredFetch;
    },
    withAttribution,
    flush,
    close,
  };
}

const NOTHING_SENT: FlushReport = { stored: 0, pending: 0 };

interface Opened {
  opened: Promise<MeterPorts>;
  lease: RuntimeLease;
  meter: Pick<Meter, 'settled'>;
}

async function flushWithin(withinMs: number, { opened, lease, meter }: Opened): Promise<FlushReport> {
  let sink: Runtime['sink'] | null = null;
  const settleAndSend = async () => {
    await opened;
    ({ sink } = await lease.runtime());
    await meter.settled();
    return sink.flush();
  };
  return withinDeadline(withinMs, settleAndSend(), () => ({
    ...NOTHING_SENT,
    pending: sink?.pendingRecords ?? 0,
  }));
}

function closedBefore(): TallygateError {
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: 'This tallygate() was closed before the call.',
    cure: 'Close it after the last call, or make another one.',
  });
}

function portsOf(runtime: Runtime, logger: Logger): MeterPorts {
  const { gate, sink, batchOwners, organization, lastGood, rememberGood, outageAllowance } = runtime;
  const configuration = createConfigurationCache({
    gate,
    organization,
    logger,
    lastGood,
    onLoaded: rememberGood,
  });
  const bounded = outageAllowance === null ? {} : { outageAllowance };
  return { gate, sink, batchOwners, configuration, pinHold, ...bounded };
}
