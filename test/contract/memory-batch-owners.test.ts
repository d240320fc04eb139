import { createMemoryBatchOwners } from '@tallygate/meter';
import { systemClock } from '@tallygate/usage';
import { describeBatchOwners } from './batch-owners.contract.ts';

describeBatchOwners('in process', async () => createMemoryBatchOwners({ clock: systemClock }));
