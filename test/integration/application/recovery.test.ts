import { emptyConfiguration, nanoFromUsd, newAttemptId } from '@tallygate/usage';
import { type OpenOptions, openTallygate } from 'tallygate';
import { describe, expect, inject, it } from 'vitest';
import { started, temporaryDirectory } from './application-process.ts';

/** An application dies between the outcome of a call and its settlement. The next one must count the charge, and once. */

const ALWAYS = { fromMs: 0, toMs: 4_000_000_000_000 };

async function withRuntime<Result>(
  options: OpenOptions,
  work: (runtime: Awaited<ReturnType<typeof openTallygate>>) => Promise<Result>,
): Promise<Result> {
  const runtime = await openTallygate(options);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

function configuration(organization: string) {
  const budget = { scope: { team: 'support' }, limit: nanoFromUsd('10'), timeZone: 'Europe/Berlin' };
  return {
    ...emptyConfiguration(organization),
    version: 1,
    budgets: (['day', 'month'] as const).map((period) => ({
      ...budget,
      id: period,
      period,
      onOutage: 'block' as const,
    })),
  };
}

async function spentIn(options: OpenOptions & { organization: string }) {
  return withRuntime(options, async ({ gate, sink, history }) => {
    const adopted = await sink.adopt();
    await sink.flush();
    const { organization } = options;
    const spend = await history?.spend({ organization, ...ALWAYS, by: 'budget', groupBy: [] });
    return {
      adopted,
      spent: (await gate.balances()).map(({ spent }) => spent),
      cost: spend?.[0]?.contractedCostNanoUsd ?? 0n,
      counts: await history?.counts({ organization, ...ALWAYS }),
      lastSeq: (await history?.settledTotals(organization))?.lastSeq,
    };
  });
}

describe.each(['in process', 'in Redis'])(
  'budgets %s, and the application is killed before it knows of its settlement',
  (where) => {
    it('its successor counts the charge once on every budget, and so does the one after that', async () => {
      const organization = `org-${newAttemptId()}`;
      const dataDirectory = temporaryDirectory();
      const redisUrl = where === 'in Redis' ? inject('redisUrl') : null;
      const options = { organization, dataDirectory, redisUrl };
      await withRuntime(options, ({ gate }) => gate.publish(configuration(organization)));

      const settings = { ORGANIZATION: organization, TALLYGATE_ORGANIZATION: organization };
      const { child, ended } = await started(
        'killed before it knows of its settlement',
        redisUrl === null ? settings : { ...settings, TALLYGATE_REDIS_URL: redisUrl },
        dataDirectory,
      );
      child.kill('SIGKILL');
      expect(await ended).toMatchObject({ signal: 'SIGKILL' });

      const once = { counts: { events: 1, duplicates: 0, settlements: 1 }, lastSeq: 1 };
      const first = await spentIn(options);
      expect(first).toMatchObject(once);
      expect(first.cost).toBeGreaterThan(0n);
      expect(first.spent).toEqual([first.cost, first.cost]);
      const second = await spentIn(options);
      expect(second).toMatchObject(once);
      expect(second.spent).toEqual(first.spent);
    });
  },
);
