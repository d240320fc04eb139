import { fileURLToPath } from 'node:url';
import { newAttemptId } from '@tallygate/usage';
import { describe, expect, inject, it } from 'vitest';
import { connectDirectly, loseEverything } from '../gate/redis-fixtures.ts';
import { BATCH_ID } from '../meter/batch-rig.ts';
import { startCommanded, temporaryDirectory, WITHOUT_ENGINE } from '../owner/processes.ts';
import type { BatchCommands } from './batch-application.ts';
import { startBatchProvider } from './batch-provider.ts';

const APPLICATION = fileURLToPath(new URL('./batch-application.ts', import.meta.url));

/** Applications of one organization on one directory; each is of a team of its own. */
async function organizationOf(settings: Record<string, string> = {}) {
  const organization = `org-${newAttemptId()}`;
  const shared = {
    PROVIDER_URL: await startBatchProvider(),
    TALLYGATE_ORGANIZATION: organization,
    TALLYGATE_DATA: temporaryDirectory(),
    ...settings,
  };
  const start = (team: string, imports: string[] = []) =>
    startCommanded<BatchCommands>(APPLICATION, { imports, environment: { ...shared, TALLYGATE_TEAM: team } });
  return { organization, start };
}

/** The creator pays for both items, once, by every account. */
async function expectChargedOnce(
  app: Awaited<ReturnType<Awaited<ReturnType<typeof organizationOf>>['start']>>,
) {
  const { ledgerNanoUsd, ...account } = await app.do('account');
  expect(ledgerNanoUsd).toBeGreaterThan(0n);
  expect(account).toEqual({
    charged: [['creator', 2]],
    settledNanoUsd: ledgerNanoUsd,
    spentNanoUsd: ledgerNanoUsd,
    held: 0n,
  });
}

describe('a batch whose creator was killed the moment it had its id', () => {
  it('is charged to the creator by whoever reads the results, each item once, by two readers at a time', async () => {
    const { start } = await organizationOf();
    const creator = await start('creator');
    await creator.do('publish');
    expect(await creator.do('create')).toBe(BATCH_ID);
    await creator.kill();
    const readers = await Promise.all([start('reader-1'), start('reader-2')]);
    // Over all of it, with an owner that never heard of it.
    expect((await readers[0].do('account')).held).toBeGreaterThan(0n);
    expect(await Promise.all(readers.map((reader) => reader.do('readResults')))).toEqual([2, 2]);
    for (const reader of readers) await expectChargedOnce(reader);
    await readers[0].kill();
    expect(await readers[1].do('readResults')).toBe(2);
    await expectChargedOnce(readers[1]);
  });

  it('is known too when it was created through the owner of the directory, and that one dies', async () => {
    const { start } = await organizationOf();
    const owner = await start('owner');
    await owner.do('publish');
    const creator = await start('creator');
    expect(await creator.do('open')).toBe('client');
    await creator.do('create');
    await owner.kill();
    await creator.do('readResults');
    await expectChargedOnce(creator);
  });

  it('is known where there is no engine, and when there is one again', async () => {
    const { start } = await organizationOf();
    const creator = await start('creator', [WITHOUT_ENGINE]);
    await creator.do('publish');
    await creator.do('create');
    await creator.kill();
    const reader = await start('reader', [WITHOUT_ENGINE]);
    expect(await reader.do('held')).toBeGreaterThan(0n);
    await reader.do('readResults');
    await reader.kill();
    const later = await start('later');
    expect(await later.do('held')).toBe(0n);
    await later.do('readResults');
    await expectChargedOnce(later);
  });

  it('is known when Redis has lost everything, and items that were counted before are not charged again', async () => {
    const { organization, start } = await organizationOf({ TALLYGATE_REDIS_URL: inject('redisUrl') });
    const creator = await start('creator');
    await creator.do('publish');
    await creator.do('create');
    await creator.kill();
    const redis = connectDirectly();
    await loseEverything(redis, organization);
    const reader = await start('reader');
    await reader.do('readResults');
    await expectChargedOnce(reader);
    await loseEverything(redis, organization);
    await reader.do('readResults');
    await expectChargedOnce(reader);
  });
});
