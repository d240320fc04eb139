import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { createMemoryGate } from '@tallygate/gate';
import { connectRemote } from '@tallygate/remote';
import { type Attribution, type BudgetGate, nanoFromUsd } from '@tallygate/usage';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningControlPlane, startControlPlane } from './server.ts';
import { budgetOf, clock, configurationOf, servedWorld, TOKEN } from './testing/served-world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const attribution: Attribution = {
  team: 'support',
  feature: 'chat',
  environment: 'test',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};

async function started(gate = memoryGate()) {
  const world = servedWorld(gate);
  const { runtime, logger } = world;
  const running = await startControlPlane({ runtime, clock, logger, port: 0, host: '127.0.0.1' });
  closers.push(() => running.close());
  return { ...world, gate, running };
}

function memoryGate(): BudgetGate {
  const configuration = configurationOf([budgetOf('support', '10', { team: 'support' })]);
  return createMemoryGate({ organization: 'acme', clock, configuration });
}

function connected({ url }: RunningControlPlane, token: string) {
  const remote = connectRemote({ address: { url }, token });
  closers.push(() => remote.close());
  return remote;
}

const reserve = (attemptId: string, usd: string) => ({
  attemptId,
  attribution,
  expectedNanoUsd: nanoFromUsd(usd),
  worstNanoUsd: nanoFromUsd(usd),
  models: [],
  ttlMs: 60_000,
  configVersion: 1,
  enforce: true,
});

describe('a process with the token', () => {
  it('uses the gate over TCP as if it were its own: held, denied, settled, published', async () => {
    const { running, gate } = await started();
    const remote = connected(running, TOKEN);
    const held = await remote.gate.reserve(reserve('attempt-1', '6'));
    if (held.kind !== 'held') throw new Error('6 of 10 USD must fit.');
    const denied = await remote.gate.reserve(reserve('attempt-2', '6'));
    expect(denied).toMatchObject({ kind: 'denied', denial: { held: nanoFromUsd('6') } });
    await remote.gate.settle({ hold: held.hold, amountNanoUsd: nanoFromUsd('5.5') });
    expect(await gate.balances()).toMatchObject([{ spent: nanoFromUsd('5.5'), held: 0n }]);
    const live = await remote.gate.configuration();
    await remote.gate.publish({ ...live, version: 2, budgets: [] });
    expect(await gate.balances()).toEqual([]);
  });

  it('ships segments and asks the history over TCP', async () => {
    const { running, segments, history } = await started();
    const remote = connected(running, TOKEN);
    const segment = { token: 'a/1', events: [], settlements: [], denials: [] };
    await remote.destination.store(segment);
    expect(segments).toEqual([segment]);
    history.calls.push({ team: 'support', feature: 'chat', endedAtMs: 5, costNanoUsd: 2n ** 62n });
    const query = { organization: 'acme', fromMs: 0, toMs: 10, by: 'ended', groupBy: ['team'] } as const;
    expect(await remote.history.spend({ ...query, groupBy: ['team'] })).toMatchObject([
      { group: { team: 'support' }, contractedCostNanoUsd: 2n ** 62n },
    ]);
  });

  it('is refused with the reason when the token is wrong, and nothing changes', async () => {
    const { running, gate } = await started();
    const stranger = connected(running, 'wrong');
    await expect(stranger.gate.reserve(reserve('attempt-1', '1'))).rejects.toMatchObject({
      code: 'TALLYGATE_TOKEN_REJECTED',
    });
    expect(await gate.balances()).toMatchObject([{ held: 0n }]);
  });

  it('reads the refusal also when it was about to send megabytes', async () => {
    const { running } = await started();
    const stranger = connected(running, 'wrong');
    const segment = { token: 'x'.repeat(8_000_000), events: [], settlements: [], denials: [] };
    await expect(stranger.destination.store(segment)).rejects.toMatchObject({
      code: 'TALLYGATE_TOKEN_REJECTED',
    });
  });
});

describe('the server', () => {
  it('binds the loopback and answers where it says it is', async () => {
    const { running } = await started();
    expect(running.url).toBe(`http://127.0.0.1:${running.port}`);
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  });

  it('says which port is taken and how to choose another', async () => {
    const { running, runtime } = await started();
    const second = startControlPlane({ runtime, clock, port: running.port, host: '127.0.0.1' });
    await expect(second).rejects.toMatchObject({
      code: 'TALLYGATE_CONFIGURATION_INVALID',
      message: expect.stringContaining(`Port ${running.port} of 127.0.0.1 cannot be had (EADDRINUSE)`),
    });
  });

  it('lets a request in progress finish before it closes, though its connection is kept alive', async () => {
    const gate = memoryGate();
    const { promise: mayAnswer, resolve: letAnswer } = withResolvers();
    const { promise: arrived, resolve: hasArrived } = withResolvers();
    const slow: BudgetGate = {
      ...gate,
      async balances() {
        hasArrived();
        await mayAnswer;
        return gate.balances();
      },
    };
    const { running } = await started(slow);
    const agent = new Agent({ keepAlive: true });
    const outgoing = request(`${running.url}/v1/budgets`, { agent });
    outgoing.end();
    await arrived;
    const closed = running.close();
    letAnswer();
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    await closed;
    await expect(fetch(`${running.url}/healthz`)).rejects.toThrow();
    agent.destroy();
  });

  it('does not wait for somebody who connected and says nothing', async () => {
    const { running } = await started();
    const silent = connect(running.port, '127.0.0.1');
    await once(silent, 'connect');
    // Connections are taken in order: this answer proves that the silent one was taken before.
    await fetch(`${running.url}/healthz`);
    await running.close();
    silent.destroy();
  });

  it('closes once, however often it is asked, and leaves the runtime open', async () => {
    const { running, gate } = await started();
    await Promise.all([running.close(), running.close()]);
    await running.close();
    expect(await gate.balances()).toHaveLength(1);
  });
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
