import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openTallygate } from 'tallygate';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { started } from './application-process.ts';

const ALWAYS = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };

/** What the next process on that directory finds. */
async function ledgerOf(dataDirectory: string) {
  const runtime = await openTallygate({ dataDirectory, organization: 'acme' });
  try {
    await runtime.sink.adopt();
    await runtime.sink.flush();
    const rows = await runtime.history?.spend({ ...ALWAYS, by: 'ended', groupBy: ['status'] });
    const counts = await runtime.history?.counts(ALWAYS);
    const uncachedInputTokens = rows?.[0]?.usage.uncachedInputTokens;
    return { counts, statuses: rows?.map(({ group }) => group.status), uncachedInputTokens };
  } finally {
    await runtime.close();
  }
}

describe('an application that ends', () => {
  const settledOnce = { events: 1, duplicates: 0, settlements: 1 };

  it('by itself, without close(), ends with its own code, and its usage is in the ledger', async () => {
    const { ended, dataDirectory } = await started('by itself');
    expect(await ended).toEqual({ code: 7, signal: null });
    expect(await ledgerOf(dataDirectory)).toMatchObject({ counts: settledOnce, statuses: ['ok'] });
  });

  it('by itself, without close(), ends too when its budgets are in Redis', async () => {
    const url = inject('redisUrl');
    const { ended, dataDirectory } = await started('by itself', { TALLYGATE_REDIS_URL: url });
    expect(await ended).toEqual({ code: 7, signal: null });
    expect(await ledgerOf(dataDirectory)).toMatchObject({ counts: settledOnce });
  });

  it('by process.exit loses nothing: the next process finds its usage', async () => {
    const { ended, dataDirectory } = await started('by process.exit');
    expect(await ended).toEqual({ code: 3, signal: null });
    expect(await ledgerOf(dataDirectory)).toMatchObject({ counts: settledOnce, statuses: ['ok'] });
  });

  it('by SIGTERM still dies of it, after the drain', async () => {
    const { child, ended, dataDirectory } = await started('by SIGTERM');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await ledgerOf(dataDirectory)).toMatchObject({ counts: settledOnce, statuses: ['ok'] });
  });

  it('by kill -9 in the middle of a call leaves a row "unknown" with its input as estimated, charged once', async () => {
    const provider = createServer();
    onTestFinished(() => void provider.close().closeAllConnections());
    provider.listen(0, '127.0.0.1');
    const asked = once(provider, 'request');
    await once(provider, 'listening');
    const { port } = provider.address() as AddressInfo;
    const { child, ended, dataDirectory } = await started('killed in the middle of a call', {
      SIMULATOR_URL: `http://127.0.0.1:${port}`,
    });
    await asked;
    child.kill('SIGKILL');
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
    const found = await ledgerOf(dataDirectory);
    expect(found).toMatchObject({ counts: settledOnce, statuses: ['unknown'] });
    expect(found.uncachedInputTokens).toBeGreaterThan(0);
    expect(await ledgerOf(dataDirectory)).toEqual(found);
  });

  it('by its own handler of SIGTERM decides when and how, and calls that it still makes are metered', async () => {
    const { child, ended, dataDirectory } = await started('by its own handler of SIGTERM');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 5, signal: null });
    const counts = { events: 2, duplicates: 0, settlements: 2 };
    expect(await ledgerOf(dataDirectory)).toMatchObject({ counts, statuses: ['ok'] });
  });
});
