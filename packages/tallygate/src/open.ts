import { type Clock, type Logger, neverThrowing, silentLogger, systemClock } from '@tallygate/usage';
import type { OnAlert } from './alerts/alert-sink.ts';
import { startAlerts } from './alerts/start-alerts.ts';
import { loadConfig } from './configuration/load.ts';
import type { ConfigOptions } from './configuration/options.ts';
import { processEnvironment } from './env.ts';
import { type Runtime, requireSharedGate } from './runtime/runtime.ts';
import { leaseRuntime } from './shared-runtimes.ts';

/** Gate, sink and history of one organization, opened. What `tallygate()` opens behind its first call. */
export type TallygateRuntime = Runtime;

export interface OpenOptions extends ConfigOptions {
  logger?: Logger;
  clock?: Clock;
  /** As in `tallygate()`. */
  onAlert?: OnAlert;
}

/**
 * Opens what stands behind an application: for services, scripts and tests that read budgets and spend, publish
 * configuration or keep a data directory. Shares gate and spool with every `tallygate()` of this process on the same one.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a wrong setting, `TALLYGATE_DIRECTORY_OWNED` when the data
 *   directory belongs to a process that cannot be reached, and what gate and ledger reject with when they cannot be opened.
 */
export async function openTallygate(options: OpenOptions = {}): Promise<TallygateRuntime> {
  const { logger: given = silentLogger, clock = systemClock, onAlert, ...settings } = options;
  const logger = neverThrowing(given);
  const { config } = loadConfig({ options: settings, ...processEnvironment() });
  requireSharedGate(config);
  const lease = leaseRuntime(config, { clock, logger });
  const runtime = await lease.runtime();
  const alerts = startAlerts(runtime, { config, onAlert, clock, logger });
  const close = async () => {
    await alerts?.stop();
    await lease.release();
  };
  // Role and token change when an owner dies: they stay the runtime's own.
  return Object.create(runtime, {
    close: { value: close, enumerable: true },
  }) as TallygateRuntime;
}
