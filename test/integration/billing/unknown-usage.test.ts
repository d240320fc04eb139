import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { nanoFromUsd } from '@tallygate/usage';
import { tallygate } from 'tallygate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProgram } from '../../end-to-end/run-program.ts';
import { EVERY_CLASS, iteration, OPUS } from './billing-case.ts';
import { type Provider, startApplication, startProvider } from './billing-rig.ts';
import type { ProviderMessage } from './provider-message.ts';

/** What a provider of next year might say: new fields beside, within and in iterations, and new words in old ones. */
const NEXT_YEAR: ProviderMessage = {
  model: OPUS,
  stop_reason: 'budget_reached',
  usage: {
    ...EVERY_CLASS,
    cache_creation: {
      ephemeral_5m_input_tokens: 300,
      ephemeral_1h_input_tokens: 400,
      ephemeral_1d_input_tokens: 0,
    },
    service_tier: 'flex',
    audio_tokens: 12,
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0, map_requests: 2 },
    iterations: [
      { ...iteration('message', OPUS, 1_000, 500), planning_tokens: 9 },
      iteration('verifier_message', OPUS, 250, 50),
    ],
  },
};

const PARAMS = { model: OPUS, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Look.' }] };

let provider: Provider;
const directory = mkdtempSync(join(tmpdir(), 'tallygate-unknown-'));

beforeAll(async () => {
  provider = await startProvider();
  provider.answers = [NEXT_YEAR];
});
afterAll(async () => {
  await provider.close();
  rmSync(directory, { recursive: true });
});

async function callTwice(claude: Anthropic): Promise<void> {
  await claude.messages.create(PARAMS);
  for await (const _event of await claude.messages.create({ ...PARAMS, stream: true }));
}

it('what is new in an answer is kept raw, flagged and charged by what is known of it, streamed or not', async () => {
  const application = startApplication(provider.url, Date.parse('2026-11-20T12:00:00Z'));
  await callTwice(application.claude);
  const { spent } = await application.close();
  const [whole, streamed] = application.events;
  expect(whole?.unknownUsage).toEqual({
    'cache_creation.ephemeral_1d_input_tokens': 0,
    service_tier: 'flex',
    audio_tokens: 12,
    'server_tool_use.map_requests': 2,
    'iterations.planning_tokens': [9],
    'iterations.type': 'verifier_message',
    stop_reason: 'budget_reached',
  });
  expect(streamed?.unknownUsage).toEqual(whole?.unknownUsage);
  const flags = ['unknown_service_tier', 'unknown_stop_reason'];
  for (const event of [whole, streamed])
    expect(event).toMatchObject({
      status: 'ok',
      lines: [
        // 1,000 × 4 + 500 × 20 millionths; then 250 × 4 + 50 × 20.
        { lineType: 'message', listCostNanoUsd: nanoFromUsd('0.014'), flags },
        {
          lineType: 'verifier_message',
          listCostNanoUsd: nanoFromUsd('0.002'),
          flags: [...flags, 'unknown_line_type'],
        },
      ],
    });
  expect(spent).toBe(nanoFromUsd('0.032'));
});

it('doctor lists what was new, by how many attempts reported it', async () => {
  const tally = tallygate({ dataDirectory: join(directory, '.tallygate'), team: 'support' });
  await callTwice(tally.wrap(new Anthropic({ apiKey: 'test', baseURL: provider.url, maxRetries: 0 })));
  await tally.close();
  const doctor = startProgram('packages/tallygate/src/cli/main.ts', ['doctor', '--json'], { cwd: directory });
  const { checks } = JSON.parse((await doctor.ended).stdout);
  const check = checks.find(({ name }: { name: string }) => name === 'unknown usage');
  expect(check).toMatchObject({ status: 'warn', cure: expect.stringContaining('Upgrade') });
  for (const found of ['audio_tokens (2 attempts)', 'cache_creation.ephemeral_1d_input_tokens (2 attempts)'])
    expect(check.found).toContain(found);
  expect(check.found).toMatch(/and 2 more$/);
});
