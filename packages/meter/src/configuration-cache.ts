import { livePriceBook, type PriceBook } from '@tallygate/pricing';
import {
  type BudgetGate,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  TallygateError,
} from '@tallygate/usage';

/** The configuration that calls are attributed, priced and gated with, and the price book that belongs to it. */
export interface LiveConfiguration {
  snapshot: ConfigurationSnapshot;
  priceBook: PriceBook;
}

export interface ConfigurationCache {
  /** The cached configuration; loads it at the first call. Never rejects: without a gate the last good one stays in force. */
  current(): Promise<LiveConfiguration>;
  /** Asks the gate again. Called when a reserve was refused for being computed with another version. */
  reload(): Promise<LiveConfiguration>;
}

export interface ConfigurationCacheOptions {
  gate: Pick<BudgetGate, 'configuration'>;
  organization: string;
  logger: Logger;
  /** The last configuration that an earlier process of this application saw; used until the gate answers. */
  lastGood?: ConfigurationSnapshot | null;
  onLoaded?: (snapshot: ConfigurationSnapshot) => void;
}

/** A published price book that does not parse is not put in force: the one before stays, and the log says so. */
export function createConfigurationCache(options: ConfigurationCacheOptions): ConfigurationCache {
  let live = liveFrom(options.lastGood ?? emptyConfiguration(options.organization));
  let isLoaded = false;
  let loading: Promise<LiveConfiguration> | null = null;

  async function load(): Promise<LiveConfiguration> {
    try {
      const snapshot = await options.gate.configuration();
      live = liveFrom(snapshot);
      isLoaded = true;
      options.onLoaded?.(snapshot);
    } catch (error) {
      const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
      options.logger.warn('configuration not loaded, the last good one stays in force', {
        code,
        version: live.snapshot.version,
      });
    }
    return live;
  }

  function reload(): Promise<LiveConfiguration> {
    loading ??= load().finally(() => {
      loading = null;
    });
    return loading;
  }

  return { current: () => (isLoaded ? Promise.resolve(live) : reload()), reload };
}

function liveFrom(snapshot: ConfigurationSnapshot): LiveConfiguration {
  return { snapshot, priceBook: livePriceBook(snapshot.priceBook) };
}
