import { writeSync } from 'node:fs';
import { openUsageStore } from '@tallygate/ledger';
import { silentLogger, systemClock } from '@tallygate/usage';

/** Opens an embedded ledger, says each migration as it is done, and waits to be killed. */
const [, , directory = ''] = process.argv;
const logger = {
  ...silentLogger,
  info: (_message: string, facts?: object) => void writeSync(1, `${JSON.stringify(facts)}\n`),
};
await openUsageStore({ kind: 'embedded', directory }, { clock: systemClock, logger });
process.stdin.resume();
