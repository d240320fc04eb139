import { livePriceBook, type PriceBook } from '@tallygate/pricing';
import {
  type BudgetGate,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  TallygateError,
} from '@tallygate/usage';

/**
 * The configuration that calls are attributed, priced and gated with. The prices that the snapshot holds are those of
 * `priceBook`: where a published book was refused, the ones before it.
 */
export interface LiveConfiguration {
  snapshot: ConfigurationSnapshot;
  priceBook: PriceBook;
  /** False: no gate has told it yet and nobody remembers an earlier one, so that which budgets there are is not known. */
  isKnown: boolean;
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

/**
 * A published price book that does not parse is not put in force: the one before stays, and the log says so. The rest of its
 * publication is, or the gate would refuse every reserve for its version, and a wrong price would stop all calls.
 */
export function createConfigurationCache(options: ConfigurationCacheOptions): ConfigurationCache {
  const empty = emptyConfiguration(options.organization);
  const unknown = { snapshot: empty, priceBook: livePriceBook(null), isKnown: false };
  let live = options.lastGood ? liveFrom(options.lastGood, unknown) : unknown;
  let isLoaded = false;
  let loading: Promise<LiveConfiguration> | null = null;

  async function load(): Promise<LiveConfiguration> {
    try {
      live = liveFrom(await options.gate.configuration(), live);
      isLoaded = true;
      options.onLoaded?.(live.snapshot);
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

  function liveFrom(snapshot: ConfigurationSnapshot, before: LiveConfiguration): LiveConfiguration {
    try {
      const priceBook = livePriceBook(snapshot.priceBook, snapshot.contractPrices);
      return { snapshot, priceBook, isKnown: true };
    } catch (error) {
      const { priceBook, contractPrices } = before.snapshot;
      options.logger.warn('published prices refused, the last good ones stay in force', {
        version: snapshot.version,
        reason: error instanceof Error ? error.message : String(error),
      });
      const withPricesBefore = { ...snapshot, priceBook, contractPrices };
      return { snapshot: withPricesBefore, priceBook: before.priceBook, isKnown: true };
    }
  }

  return { current: () => (isLoaded ? Promise.resolve(live) : reload()), reload };
}
