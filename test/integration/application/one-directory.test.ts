import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { emptyConfiguration, nanoFromUsd } from '@tallygate/usage';
import { openTallygate, type TallygateOptions, tallygate } from 'tallygate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { started, temporaryDirectory } from './application-process.ts';

/** Several users of one data directory, that come and go in any order. */

const ALWAYS = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };

async function directory() {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const options = { organization: 'acme', dataDirectory: temporaryDirectory() };
  const application = (given: TallygateOptions = {}) => {
    const tally = tallygate({ ...options, team: 'support', ...given });
    onTestFinished(() => tally.close());
    let onSent = () => {};
    const sent = new Promise<void>((resolve) => {
      onSent = resolve;
    });
    const bare = new Anthropic({
      apiKey: DEFAULT_API_KEY,
      baseURL: simulator.url,
      maxRetries: 0,
      middleware: [
        (request, next) => {
          const answer = next(request);
          onSent();
          return answer;
        },
      ],
    });
    const claude = tally.wrap(bare);
    const ask = () =>
      claude.messages.create({
        model: 'claude-haiku-5-5',
        max_tokens: 50,
        messages: [{ role: 'user', content: 'hi' }],
      });
    return { tally, ask, sent };
  };
  const counts = async () => {
    const runtime = await openTallygate(options);
    try {
      await runtime.sink.adopt();
      await runtime.sink.flush();
      return await runtime.history?.counts(ALWAYS);
    } finally {
      await runtime.close();
    }
  };
  return { application, counts, options };
}

describe('two tallygate() on one data directory', () => {
  it('when one is closed, twice even, the other goes on and nothing is missing', async () => {
    const { application, counts } = await directory();
    const [first, second] = [application(), application()];
    await Promise.all([first.ask(), second.ask()]);
    await Promise.all([first.tally.close(), first.tally.close()]);
    await first.tally.close();
    await second.ask();
    await second.tally.close();
    expect(await counts()).toMatchObject({ events: 3, settlements: 3, duplicates: 0 });
  });

  it('one that closes while the other opens leaves it a directory that works', async () => {
    const { application, counts } = await directory();
    const [first, second] = [application(), application()];
    await first.ask();
    await Promise.all([first.tally.close(), second.ask()]);
    await second.ask();
    await second.tally.close();
    expect(await counts()).toMatchObject({ events: 3, settlements: 3, duplicates: 0 });
  });

  it('close() during the first call of all, while gate and ledger still open, loses nothing', async () => {
    const { application, counts } = await directory();
    const { tally, ask, sent } = application({ drainMs: 60_000 });
    const call = ask();
    await sent;
    await tally.close();
    expect(await call).toMatchObject({ type: 'message' });
    expect(await counts()).toMatchObject({ events: 1, settlements: 1, duplicates: 0 });
  });
});

describe('a tallygate() that never had a call', () => {
  it('has nothing to flush, closes, and opens nothing for a call that comes too late', async () => {
    const { application, counts } = await directory();
    const { tally, ask } = application();
    expect(await tally.flush()).toEqual({ stored: 0, pending: 0 });
    await tally.close();
    expect(await ask()).toMatchObject({ type: 'message' });
    expect(await counts()).toMatchObject({ events: 0 });
  });

  it('refuses a call that comes too late when it enforces', async () => {
    const { application } = await directory();
    const { tally, ask } = application({ mode: 'enforce' });
    await tally.close();
    await expect(ask()).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
  });
});

describe('a budget that another process publishes', () => {
  it('denies the very next call of an application that runs', async () => {
    const { application, options } = await directory();
    const other = await started('by SIGTERM', {}, options.dataDirectory);
    const { ask } = application({ mode: 'enforce' });
    await ask();
    const publisher = await openTallygate(options);
    onTestFinished(() => publisher.close());
    expect(publisher.role).toBe('client');
    const budget = {
      id: 'all',
      scope: {},
      period: 'month' as const,
      timeZone: 'UTC',
      onOutage: 'block' as const,
    };
    await publisher.gate.publish({
      ...emptyConfiguration('acme'),
      version: 1,
      budgets: [{ ...budget, limit: nanoFromUsd('0') }],
    });
    await expect(ask()).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
    other.child.kill('SIGTERM');
    await other.ended;
    // Its owner is gone; what was published holds with the next.
    await expect(ask()).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
  });
});
