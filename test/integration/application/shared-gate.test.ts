import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { emptyConfiguration, nanoFromUsd, newAttemptId } from '@tallygate/usage';
import { openTallygate, type TallygateOptions, tallygate } from 'tallygate';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startFaultyRedis } from '../gate/faulty-redis.ts';
import { connectDirectly, loseEverything } from '../gate/redis-fixtures.ts';

/** An application with its budgets in a real Redis and its ledger in its own directory. */

const ALWAYS = { fromMs: 0, toMs: 4_000_000_000_000 };

async function application(given: TallygateOptions = {}) {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tg-shared-'));
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const organization = `org-${newAttemptId()}`;
  const options = { organization, dataDirectory, team: 'support', redisUrl: inject('redisUrl'), ...given };
  const tally = tallygate(options);
  onTestFinished(() => tally.close());
  const claude = tally.wrap(
    new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: simulator.url, maxRetries: 0 }),
  );
  const ask = () =>
    claude.messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    });
  const open = async () => {
    const runtime = await openTallygate(options);
    onTestFinished(() => runtime.close());
    return runtime;
  };
  return { organization, tally, ask, open };
}

function configuration(organization: string, limitUsd: string, onOutage: 'allow' | 'block' = 'block') {
  const budget = { id: 'support', scope: { team: 'support' }, timeZone: 'UTC', onOutage };
  return {
    ...emptyConfiguration(organization),
    version: 1,
    teams: [],
    budgets: [{ ...budget, period: 'month' as const, limit: nanoFromUsd(limitUsd) }],
  };
}

describe('Redis loses everything while an application runs', () => {
  it('goes on with the same budgets, and counts what had not reached the ledger yet', async () => {
    const { organization, ask, open, tally } = await application({ mode: 'enforce' });
    const runtime = await open();
    await runtime.gate.publish(configuration(organization, '10'));
    await ask();
    await tally.flush();
    const one = (await runtime.gate.balances())[0]?.spent ?? 0n;
    expect(one).toBeGreaterThan(0n);
    // In the spool only: the segment is not sealed yet.
    await ask();
    await expect.poll(async () => (await runtime.gate.balances())[0]?.spent).toBe(2n * one);
    await loseEverything(connectDirectly(), organization);
    await expect
      .poll(() => runtime.gate.balances().catch(() => []), { timeout: 20_000 })
      .toMatchObject([{ spent: 2n * one }]);
    await ask();
    await tally.flush();
    expect(await runtime.gate.balances()).toMatchObject([{ spent: 3n * one, held: 0n }]);
    expect(await runtime.history?.counts({ organization, ...ALWAYS })).toMatchObject({
      events: 3,
      settlements: 3,
    });
  });
});

describe('Redis is down when an application starts', () => {
  it('observed calls go on, are recorded, and are charged to their budget once it is back', async () => {
    const redis = await startFaultyRedis(inject('redisUrl'));
    onTestFinished(() => redis.close());
    redis.goDown();
    const { organization, ask, open, tally } = await application({ redisUrl: redis.url });
    await ask();
    redis.comeUp();
    const runtime = await open();
    await expect.poll(() => runtime.gate.balances().catch(() => null), { timeout: 10_000 }).toEqual([]);
    await ask();
    await tally.flush();
    expect(await runtime.history?.counts({ organization, ...ALWAYS })).toMatchObject({
      events: 2,
      settlements: 2,
    });
  });

  it('enforced calls are refused as an outage while nobody knows which budgets there are', async () => {
    const redis = await startFaultyRedis(inject('redisUrl'));
    onTestFinished(() => redis.close());
    redis.goDown();
    const { ask } = await application({ redisUrl: redis.url, mode: 'enforce' });
    await expect(ask()).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
  });

  it.each(['allow', 'block'] as const)('enforced calls go by the last known policy: %s', async (onOutage) => {
    const redis = await startFaultyRedis(inject('redisUrl'));
    onTestFinished(() => redis.close());
    const { organization, ask, open } = await application({ redisUrl: redis.url, mode: 'enforce' });
    const runtime = await open();
    await runtime.gate.publish(configuration(organization, '10', onOutage));
    runtime.rememberGood(await runtime.gate.configuration());
    await runtime.close();
    redis.goDown();
    const answer = ask();
    if (onOutage === 'block')
      await expect(answer).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    else expect(await answer).toMatchObject({ type: 'message' });
  });

  it('what was spent in an outage that outlives the application is charged by its successor', async () => {
    const redis = await startFaultyRedis(inject('redisUrl'));
    onTestFinished(() => redis.close());
    const { organization, ask, open, tally } = await application({ redisUrl: redis.url, mode: 'enforce' });
    const before = await open();
    await before.gate.publish(configuration(organization, '10', 'allow'));
    before.rememberGood(await before.gate.configuration());
    await before.close();
    redis.goDown();
    await ask();
    await tally.close();
    redis.comeUp();
    const after = await open();
    await after.sink.adopt();
    await after.sink.flush();
    const rows = await after.history?.spend({ organization, ...ALWAYS, by: 'budget', groupBy: [] });
    const cost = rows?.[0]?.contractedCostNanoUsd ?? 0n;
    expect(cost).toBeGreaterThan(0n);
    expect(await after.gate.balances()).toMatchObject([{ spent: cost, held: 0n }]);
    expect(await after.history?.counts({ organization, ...ALWAYS })).toMatchObject({
      events: 1,
      settlements: 1,
    });
  });
});
