import type { AdminApi } from '@tallygate/admin-api';
import { type Logger, type SpendHistory, silentLogger } from '@tallygate/usage';
import { loadConfig } from '../configuration/load.ts';
import type { ConfigOptions } from '../configuration/options.ts';
import { noAdminKey, providerAccesses } from '../configuration/provider-access.ts';
import { processEnvironment } from '../env.ts';
import type { PullHooks } from '../pulls/index.ts';
import { historyOfProvider } from './history-of-provider.ts';
import { openProvider } from './open-provider.ts';

/** One organization of the provider whose bill is ours. */
export interface Provider {
  /** Null: the one whose key is set, whichever it is. */
  organizationId: string | null;
  /** Its reports; `hooks` store what is read. */
  open(hooks: PullHooks): AdminApi;
  /** What of the ledger is compared with it. */
  historyOf(history: SpendHistory): SpendHistory;
}

/**
 * Every organization of the provider that tallygate.yaml lists under `providerOrganizations`, or the one of ANTHROPIC_ADMIN_KEY.
 * @returns with them the key by which people in their reports are named.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` where there is no key.
 */
export function openProviders(options: ConfigOptions & { logger?: Logger } = {}): {
  providers: Provider[];
  pseudonymKey: string | null;
} {
  const { logger = silentLogger, ...settings } = options;
  const process = processEnvironment();
  const loaded = loadConfig({ options: settings, ...process });
  const accesses = providerAccesses(loaded, process.environment);
  if (accesses.length === 0) throw noAdminKey();
  const providers = accesses.map((access, index): Provider => {
    const { organizationId } = access;
    return {
      organizationId,
      open: (hooks) => openProvider(access, logger, hooks),
      historyOf: (history) => historyOfProvider(history, { organizationId, isFirst: index === 0 }),
    };
  });
  return { providers, pseudonymKey: loaded.config.pseudonymKey };
}
