import { openUsageStore } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';

/** Opens an embedded ledger and keeps it until it is killed. */
const [, , directory = ''] = process.argv;
await openUsageStore({ kind: 'embedded', directory }, { clock: systemClock });
process.stdout.write('open\n');
process.stdin.resume();
