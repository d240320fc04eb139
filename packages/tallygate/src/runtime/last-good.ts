import type { ConfigurationSnapshot, Logger } from '@tallygate/usage';
import { readConfigurationFile, saveConfigurationFile } from './configuration-file.ts';

/** The last configuration that this application saw: in force until the gate answers. Losing it must never fail a call. */
export interface LastGood {
  read(): ConfigurationSnapshot | null;
  remember(snapshot: ConfigurationSnapshot): void;
}

/** Without a disk nothing is remembered: until the gate has answered once, enforced calls are in outage. */
export const NOTHING_REMEMBERED: LastGood = { read: () => null, remember: () => {} };

export function openLastGood(path: string, organization: string, logger: Logger): LastGood {
  let rememberedVersion: number | null = null;
  return {
    read() {
      try {
        const snapshot = readConfigurationFile(path);
        return snapshot?.organization === organization ? snapshot : null;
      } catch (error) {
        logger.warn('The last good configuration cannot be read.', { path, cause: String(error) });
        return null;
      }
    },
    remember(snapshot) {
      if (snapshot.version === rememberedVersion) return;
      try {
        saveConfigurationFile(path, snapshot);
        rememberedVersion = snapshot.version;
      } catch (error) {
        logger.warn('The last good configuration cannot be kept.', { path, cause: String(error) });
      }
    },
  };
}
