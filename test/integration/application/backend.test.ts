import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { openTallygate, type TallygateOptions, tallygate } from 'tallygate';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Provider, startProvider } from '../billing/billing-rig.ts';

const MODEL = 'eu.anthropic.claude-opus-5-5';
const ALWAYS = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };

let gateway: Provider;
let dataDirectory: string;

beforeEach(async () => {
  gateway = await startProvider();
  gateway.answers = [{ model: 'claude-opus-5-5', usage: { input_tokens: 1_000, output_tokens: 100 } }];
  dataDirectory = mkdtempSync(join(tmpdir(), 'tallygate-backend-'));
});
afterEach(async () => {
  await gateway.close();
  rmSync(dataDirectory, { recursive: true });
});

async function callThrough(options: TallygateOptions): Promise<void> {
  const tally = tallygate({ ...options, dataDirectory, organization: 'acme' });
  const claude = tally.wrap(new Anthropic({ apiKey: 'test', baseURL: gateway.url, maxRetries: 0 }));
  const messages = [{ role: 'user' as const, content: 'Look into it.' }];
  await claude.messages.create({ model: MODEL, max_tokens: 200, messages });
  await tally.close();
}

it('calls through a gateway are priced and recorded as those of the backend that the option names', async () => {
  await callThrough({ backend: 'bedrock' });
  await callThrough({});
  const runtime = await openTallygate({ dataDirectory, organization: 'acme' });
  await runtime.sink.flush();
  const rows = await runtime.history?.spend({ ...ALWAYS, by: 'ended', groupBy: ['backend'] });
  await runtime.close();
  // 1,000 × 4 + 100 × 20 millionths; a regional profile of Bedrock costs a tenth more.
  expect(rows?.map(({ group, listCostNanoUsd }) => [group.backend, listCostNanoUsd])).toEqual([
    ['anthropic', 6_000_000n],
    ['bedrock', 6_600_000n],
  ]);
});
