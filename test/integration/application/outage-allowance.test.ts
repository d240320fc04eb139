import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { type Budget, emptyConfiguration, nanoFromUsd, newAttemptId, TallygateError } from '@tallygate/usage';
import { type OpenOptions, openTallygate, tallygate } from 'tallygate';
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest';
import { started, temporaryDirectory } from './application-process.ts';
import { startMortalRedis } from './mortal-redis.ts';

/** Redis is killed; what a budget may be charged meanwhile is its allowance, whoever is killed beside it. */

/** A busy machine is no outage: only a Redis that is gone is to be one. Without a connection nobody waits. */
vi.mock(import('@tallygate/gate'), async (importOriginal) => {
  const gate = await importOriginal();
  const patient = { reserveDeadlineMs: 2_000, settleDeadlineMs: 2_000 };
  return { ...gate, openRedisGate: (options) => gate.openRedisGate({ ...options, ...patient }) };
});

const ALWAYS = { fromMs: 0, toMs: 4_000_000_000_000 };
/** Room for a few calls, each counted at its worst case. */
const ALLOWANCE_USD = '0.0001';

async function world(context: TestContext, more: Budget[] = []) {
  const redis = await startMortalRedis(context);
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const organization = `org-${newAttemptId()}`;
  const options = { organization, dataDirectory: temporaryDirectory(), redisUrl: redis.url } as const;
  const runtime = await openTallygate(options);
  await runtime.gate.publish({
    ...emptyConfiguration(organization),
    version: 1,
    budgets: [budget('support', { allowanceNanoUsd: nanoFromUsd(ALLOWANCE_USD) }), ...more],
  });
  runtime.rememberGood(await runtime.gate.configuration());
  await runtime.close();
  return { redis, options, simulator, start: () => application(options, simulator.url) };
}

function budget(id: string, outage: Partial<Budget>): Budget {
  const monthly = { scope: { team: 'support' }, period: 'month' as const, timeZone: 'UTC' };
  return { id, ...monthly, limit: nanoFromUsd('10'), onOutage: 'allowance', ...outage };
}

function application(options: OpenOptions, baseURL: string) {
  const tally = tallygate({ ...options, mode: 'enforce', team: 'support' });
  onTestFinished(() => tally.close());
  const claude = tally.wrap(new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL, maxRetries: 0 }));
  const ask = () =>
    claude.messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    });
  return { ask, tally };
}

/** How many calls are admitted until one is refused, and by what. */
async function askUntilRefused(
  ask: () => Promise<unknown>,
): Promise<{ admitted: number; refusal: TallygateError }> {
  for (let admitted = 0; admitted < 100; admitted += 1) {
    try {
      await ask();
    } catch (refusal) {
      if (TallygateError.isInstance(refusal)) return { admitted, refusal };
      throw refusal;
    }
  }
  throw new Error('nothing was refused');
}

/** What the budgets and the ledger say once nothing is left to be settled. */
async function settled(options: OpenOptions & { organization: string }) {
  const runtime = await openTallygate(options);
  onTestFinished(() => runtime.close());
  const { organization } = options;
  const inSpools = async () => {
    await runtime.sink.adopt();
    await runtime.sink.flush();
    return (await runtime.history?.counts({ organization, ...ALWAYS }))?.settlements;
  };
  return { runtime, inSpools };
}

describe('a budget with an allowance, and Redis is killed', () => {
  it('admits up to the allowance, is charged all of it once when Redis is back, and then has it again', async (context) => {
    const { redis, options, start } = await world(context);
    const { ask, tally } = start();
    await ask();
    await redis.kill();
    const { admitted, refusal } = await askUntilRefused(ask);
    expect(admitted).toBeGreaterThan(1);
    expect(refusal).toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(refusal.message).toMatch(/that budget "support" allows in an outage/);
    await redis.start();
    await expect
      .poll(
        () =>
          ask().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);

    const { runtime, inSpools } = await settled(options);
    await expect.poll(inSpools, { timeout: 40_000, interval: 500 }).toBe(admitted + 2);
    const spend = await runtime.history?.spend({
      organization: options.organization,
      ...{ ...ALWAYS, by: 'budget', groupBy: [] },
    });
    const [balance] = await runtime.gate.balances();
    expect(balance).toMatchObject({ spent: spend?.[0]?.contractedCostNanoUsd, held: 0n });

    await redis.kill();
    expect((await askUntilRefused(ask)).admitted).toBe(admitted);
    await redis.start();
    await tally.close();
  }, 90_000);

  it('is not renewed by a restart: what a killed process took is gone until it is settled, once', async (context) => {
    const { redis, options, start } = await world(context);
    await redis.kill();
    const { child, ended } = await started(
      'killed when no gate admits it any more',
      {
        TALLYGATE_ORGANIZATION: options.organization,
        ORGANIZATION: options.organization,
        TALLYGATE_REDIS_URL: redis.url,
        TALLYGATE_MODE: 'enforce',
      },
      options.dataDirectory,
    );
    child.kill('SIGKILL');
    await ended;
    const successor = start();
    expect((await askUntilRefused(successor.ask)).admitted).toBe(0);
    await redis.start();
    const { runtime, inSpools } = await settled(options);
    await expect.poll(inSpools, { timeout: 40_000, interval: 500 }).toBeGreaterThan(1);
    const counts = await runtime.history?.counts({ organization: options.organization, ...ALWAYS });
    expect(counts).toMatchObject({ events: counts?.settlements, duplicates: 0 });
    await expect
      .poll(
        () =>
          successor.ask().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
  }, 90_000);

  it('admits nothing where another budget of the call blocks, or has no room', async (context) => {
    const { redis, start } = await world(context, [budget('narrow', { allowanceNanoUsd: 1n })]);
    const { ask } = start();
    await ask();
    await redis.kill();
    const { admitted, refusal } = await askUntilRefused(ask);
    expect(admitted).toBe(0);
    expect(refusal.message).toMatch(/budget "narrow"/);
  });
});
