import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRemote, type RemoteTallygate } from '@tallygate/remote';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { afterAll, beforeAll } from 'vitest';
import { describeBatchOwners } from './batch-owners.contract.ts';

/** The process that owns a data directory, and another that asks it over its socket. */
const dataDirectory = mkdtempSync(join(tmpdir(), 'tg-owners-'));
let owner: TallygateRuntime;
let client: RemoteTallygate;

beforeAll(async () => {
  owner = await openTallygate({ dataDirectory, organization: 'acme' });
  client = connectRemote({ address: { socketPath: join(dataDirectory, 'owner.sock') }, token: owner.token });
});

afterAll(async () => {
  await client.close();
  await owner.close();
  rmSync(dataDirectory, { recursive: true });
});

describeBatchOwners('process that owns the data directory', async () => owner.batchOwners);
describeBatchOwners('asked over its socket', async () => client.batchOwners);
