import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchOwner, newAttemptId } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { connectDirectly, loseEverything } from '../gate/redis-fixtures.ts';

/** Nobody listens there. */
const NO_LEDGER = 'http://127.0.0.1:9';
let clickhouse: ClickHouseOverHttp;

beforeAll(async () => {
  clickhouse = await startClickHouseOverHttp();
});
afterAll(() => clickhouse.close());

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tg-batches-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function open(organization: string, dataDirectory: string, clickhouseUrl = clickhouse.url) {
  const redisUrl = inject('redisUrl');
  const runtime = await openTallygate({ organization, dataDirectory, redisUrl, clickhouseUrl });
  onTestFinished(() => runtime.close());
  return runtime;
}

function ownerOf(organization: string, changes: Partial<BatchOwner> = {}): BatchOwner {
  const nobody = { userPseudonym: null, workflow: null, taskType: null, tags: {} };
  return {
    organization,
    batchId: 'msgbatch_1',
    attribution: { team: 'support', feature: 'mail', environment: 'test', ...nobody },
    ...{ backend: 'anthropic', place: null, hold: null, itemCount: 2, requestModel: 'claude-haiku-5-5' },
    ...{ otherRequestModels: {}, createdAtMs: 1_000, endedAtMs: null, configVersion: 0, adopted: false },
    ...changes,
  };
}

const waitingIn = (dataDirectory: string) => readdirSync(join(dataDirectory, 'batches'));

/** Each is one fact, kept twice; whichever copy is lost, the other has it. */
async function expectKnown({ batchOwners }: TallygateRuntime, owner: BatchOwner, items: string[]) {
  expect(await batchOwners.get(owner)).toEqual(owner);
  expect(await batchOwners.countedItems(owner)).toEqual(new Set(items));
}

describe('the owner of a batch', () => {
  it('is in the ledger when put resolves: Redis may lose it at once', async () => {
    const organization = `org-${newAttemptId()}`;
    const { batchOwners, ...runtime } = await open(organization, temporaryDirectory());
    const owner = ownerOf(organization);
    await batchOwners.put(owner);
    await batchOwners.markItemsCounted(owner, ['item-1']);
    await batchOwners.markEnded(owner, 5_000);
    await loseEverything(connectDirectly(), organization);
    expect(await batchOwners.markItemsCounted(owner, ['item-2'])).toBe(2);
    await expectKnown({ ...runtime, batchOwners }, { ...owner, endedAtMs: 5_000 }, ['item-1', 'item-2']);
  });

  it('waits on disk while the ledger is away, and is in the ledger once a process on that disk finds it again', async () => {
    const organization = `org-${newAttemptId()}`;
    const dataDirectory = temporaryDirectory();
    const redis = connectDirectly();
    const before = await open(organization, dataDirectory, NO_LEDGER);
    const owner = ownerOf(organization);
    expect(await before.batchOwners.put(owner)).toEqual(owner);
    expect(waitingIn(dataDirectory)).toHaveLength(1);
    await before.close();
    await loseEverything(redis, organization);

    const after = await open(organization, dataDirectory);
    await expectKnown(after, owner, []);
    await expect.poll(() => waitingIn(dataDirectory)).toEqual([]);
    await loseEverything(redis, organization);
    await expectKnown(after, owner, []);
  });

  it('is never told to be unknown while the ledger is away: the question fails', async () => {
    const organization = `org-${newAttemptId()}`;
    const { batchOwners } = await open(organization, temporaryDirectory(), NO_LEDGER);
    const key = { organization, batchId: 'msgbatch_1' };
    const unanswered = { code: 'TALLYGATE_LEDGER_UNAVAILABLE' };
    await expect(batchOwners.get(key)).rejects.toMatchObject(unanswered);
    await expect(batchOwners.put(ownerOf(organization, { adopted: true }))).rejects.toMatchObject(unanswered);
  });

  it('is one for both of two processes that put theirs at once, also after Redis has lost it', async () => {
    const organization = `org-${newAttemptId()}`;
    const runtime = await open(organization, temporaryDirectory());
    const other = await open(organization, temporaryDirectory());
    const [first, second] = await Promise.all([
      runtime.batchOwners.put(ownerOf(organization, { requestModel: 'a' })),
      other.batchOwners.put(ownerOf(organization, { requestModel: 'b' })),
    ]);
    expect(first).toEqual(second);
    await loseEverything(connectDirectly(), organization);
    await expectKnown(other, first, []);
  });
});
