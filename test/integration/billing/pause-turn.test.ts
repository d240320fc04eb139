import { nanoFromUsd } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPUS } from './billing-case.ts';
import { type Provider, startApplication, startProvider } from './billing-rig.ts';
import type { ProviderMessage } from './provider-message.ts';

const search = (id: number) => ({
  type: 'server_tool_use',
  id: `srvtoolu_${id}`,
  name: 'web_search',
  input: { query: 'pages' },
});

/** Eleven searches are shown, ten are billed: the eleventh is run, and billed, by the call that goes on. */
const PAUSED: ProviderMessage = {
  model: OPUS,
  content: Array.from({ length: 11 }, (_, index) => search(index)),
  stop_reason: 'pause_turn',
  usage: {
    input_tokens: 40_000,
    output_tokens: 800,
    server_tool_use: { web_search_requests: 10, web_fetch_requests: 0 },
  },
};
const CONTINUED: ProviderMessage = {
  model: OPUS,
  usage: {
    input_tokens: 50_000,
    output_tokens: 1_200,
    server_tool_use: { web_search_requests: 5, web_fetch_requests: 0 },
  },
};

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

describe.each([
  ['whole', false],
  ['streamed', true],
])('a paused turn that a second call goes on with, %s', (_way, isStream) => {
  it('is two calls, each charged for its own tokens and its own searches', async () => {
    provider.answers = [PAUSED, CONTINUED];
    provider.received.length = 0;
    const { claude, events, close } = startApplication(provider.url, Date.parse('2026-11-20T12:00:00Z'));
    const ask = async (messages: { role: 'user' | 'assistant'; content: never }[]) => {
      const params = { model: OPUS, max_tokens: 2_000, messages };
      const message = isStream
        ? await claude.messages.stream(params).finalMessage()
        : await claude.messages.create(params);
      return message.content as never;
    };
    const asked = { role: 'user' as const, content: 'Find the pages.' as never };
    const content = await ask([asked]);
    await ask([asked, { role: 'assistant', content }]);
    const { spent } = await close();

    expect(provider.received).toHaveLength(2);
    expect(JSON.stringify(provider.received[1])).toContain('srvtoolu_10');
    // 40,000 × 4 + 800 × 20 millionths + 10 cents; then 50,000 × 4 + 1,200 × 20 + 5 cents.
    expect(
      events.map(({ stopReason, lines }) => [stopReason, lines[0]?.listCostNanoUsd, lines[0]?.usage]),
    ).toEqual([
      ['pause_turn', nanoFromUsd('0.276'), expect.objectContaining({ webSearchRequests: 10 })],
      ['end_turn', nanoFromUsd('0.274'), expect.objectContaining({ webSearchRequests: 5 })],
    ]);
    expect(new Set(events.map(({ callId }) => callId)).size).toBe(2);
    expect(spent).toBe(nanoFromUsd('0.55'));
  });
});
