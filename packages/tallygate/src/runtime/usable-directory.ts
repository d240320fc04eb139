import { type Logger, TallygateError } from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { keepsNothing } from './backend.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';

/** Gate and ledger are elsewhere, and nobody asked for a disk that confirms. */
export function needsNoDirectory(config: ResolvedConfig): boolean {
  return keepsNothing(config) && config.durability !== 'group' && config.durability !== 'fsync';
}

/**
 * The data directory, or null where none can be written and none is needed: on a read-only root with gate and ledger elsewhere.
 * Usage is then kept in memory until the ledger has it, and this says once what that may lose.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` where one is needed: something is embedded, or the durability that was
 *   asked for is that of a disk that confirms.
 */
export function usableDirectory(config: ResolvedConfig, logger: Logger): DataDirectory | null {
  try {
    return openDataDirectory(config.dataDirectory);
  } catch (error) {
    if (!needsNoDirectory(config) || !TallygateError.isInstance(error)) throw error;
    logger.warn('No data directory can be written: usage is kept in memory until the ledger has it.', {
      dataDirectory: config.dataDirectory,
      mayBeLost:
        'kill -9 or a power cut: what was recorded in the last 2 s, or since the ledger stopped answering, and calls in flight',
      cure: error.cure,
    });
    return null;
  }
}
