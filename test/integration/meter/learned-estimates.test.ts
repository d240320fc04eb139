import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import { emptyConfiguration, nanoFromUsd, silentLogger, systemClock } from '@tallygate/usage';
import { describe, expect, it, vi } from 'vitest';

const organization = 'acme';
const MODEL = 'claude-haiku-5-5';
const PARAMS = { model: MODEL, max_tokens: 4_000, messages: [{ role: 'user' as const, content: 'hello' }] };
const LEARNED_AFTER_CALLS = 50;

/** A real meter on the gate in process. Every answer reads ten tokens and writes as many as asked for. */
function rig() {
  const budget = { id: 'all', scope: {}, period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
  const configuration = {
    ...emptyConfiguration(organization),
    budgets: [{ ...budget, limit: nanoFromUsd('1000') }],
  };
  const gate = createMemoryGate({ organization, clock: systemClock, configuration });
  const reserve = vi.spyOn(gate, 'reserve');
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (...said: unknown[]) => void warnings.push(said) };
  const sink = {
    recordedEvents: 0,
    recordOutcome: () => undefined,
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const cache = createConfigurationCache({ gate, organization, logger });
  const meter = createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration: cache }),
  });
  const server = { outputTokens: 100, status: 200 };
  const answer = () => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [],
    stop_reason: 'end_turn',
    usage: { input_tokens: 10, output_tokens: server.outputTokens },
  });
  const send = async () => Response.json(answer(), { status: server.status });
  const bare = new Anthropic({ apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch: send });
  const claude = wrapClient(bare, meter.middleware);
  const call = async (feature = 'chat') => {
    await claude.messages.create(PARAMS, { attribution: { feature } }).catch(() => null);
    await meter.settled();
    const held = reserve.mock.calls.at(-1)?.[0] ?? expect.unreachable();
    return { expected: held.expectedNanoUsd, worst: held.worstNanoUsd };
  };
  const learn = async () => {
    for (let calls = 0; calls < LEARNED_AFTER_CALLS; calls += 1) await call();
  };
  return { call, learn, server, warnings, close: () => meter.close() };
}

describe('what a call is expected to cost', () => {
  it('is its worst case until fifty of its kind have ended, then what those have cost', async () => {
    const { call, learn, close } = rig();
    await learn();
    const other = await call('mail');
    expect(other.expected).toBe(other.worst);
    const { expected, worst } = await call();
    // A hundred tokens of four thousand were written.
    expect(expected).toBeGreaterThan(worst / 50n);
    expect(expected).toBeLessThan(worst / 30n);
    await close();
  });

  it('is not learned from attempts that failed', async () => {
    const { call, learn, server, close } = rig();
    server.status = 500;
    await learn();
    server.status = 200;
    const { expected, worst } = await call();
    expect(expected).toBe(worst);
    await close();
  });

  it('never exceeds the worst case, and a call that does is said', async () => {
    const { call, learn, server, warnings, close } = rig();
    server.outputTokens = 5_000;
    await learn();
    const { expected, worst } = await call();
    expect(expected).toBe(worst);
    expect(warnings[0]).toMatchObject([
      'a call cost more than its worst case',
      { model: MODEL, worstNanoUsd: String(worst) },
    ]);
    await close();
  });
});
