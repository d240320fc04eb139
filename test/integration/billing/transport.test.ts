import type Anthropic from '@anthropic-ai/sdk';
import { nanoFromUsd } from '@tallygate/usage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EVERY_CLASS, OPUS } from './billing-case.ts';
import { type Application, type Provider, startApplication, startProvider } from './billing-rig.ts';

const PARAMS = { model: OPUS, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Look.' }] };
const NOON_MS = Date.parse('2026-11-20T12:00:00Z');

let provider: Provider;
let application: Application;

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(() => {
  provider.answers = [{ model: OPUS, usage: EVERY_CLASS }];
  provider.headers = {};
  provider.received.length = 0;
  application = startApplication(provider.url, NOON_MS);
});
afterAll(() => provider.close());

async function readAll(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

const WAYS: [string, (claude: Anthropic) => Promise<unknown>][] = [
  ['messages.create', async (claude) => claude.messages.create(PARAMS)],
  ['beta.messages.create', async (claude) => claude.beta.messages.create(PARAMS)],
  [
    'a stream of events',
    async (claude) => readAll(await claude.messages.create({ ...PARAMS, stream: true })),
  ],
  ['the streaming helper', (claude) => claude.messages.stream(PARAMS).finalMessage()],
  ['the beta streaming helper', (claude) => claude.beta.messages.stream(PARAMS).finalMessage()],
  ['a bare post', async (claude) => claude.post('/v1/messages', { body: PARAMS })],
  [
    'a copy of the client with other options',
    async (claude) => claude.withOptions({ maxRetries: 1 }).messages.create(PARAMS),
  ],
  ['a raw response', async (claude) => (await claude.messages.create(PARAMS).asResponse()).text()],
  ['a call and its response', async (claude) => claude.messages.create(PARAMS).withResponse()],
];

describe('the transport is metered, not the method: one row and one charge for', () => {
  it.each(WAYS)('%s', async (_name, call) => {
    await call(application.claude);
    const { spent } = await application.close();
    expect(application.events).toHaveLength(1);
    expect(spent).toBe(nanoFromUsd('0.0191'));
  });
});

describe('what identifies an attempt is ours', () => {
  it('answers under one message id and without a request id are rows of their own, each charged', async () => {
    for (let call = 0; call < 3; call += 1) await application.claude.messages.create(PARAMS);
    const { spent } = await application.close();
    expect(application.events.map(({ messageId, requestId }) => [messageId, requestId])).toEqual([
      ['msg_1', null],
      ['msg_1', null],
      ['msg_1', null],
    ]);
    expect(new Set(application.events.map(({ eventId }) => eventId)).size).toBe(3);
    expect(spent).toBe(nanoFromUsd('0.0573'));
  });

  it('an answer that says when to come again is an answer: one attempt, charged once', async () => {
    provider.headers = { 'retry-after': '7' };
    await application.claude.messages.create(PARAMS);
    const { spent } = await application.close();
    expect(provider.received).toHaveLength(1);
    expect(application.events).toMatchObject([{ status: 'ok', attemptNumber: 1 }]);
    expect(spent).toBe(nanoFromUsd('0.0191'));
  });

  it('an alias is kept as what was asked for, and the model that answered is priced', async () => {
    const model = 'claude-haiku-4-5';
    provider.answers = [{ model: `${model}-20251001`, usage: { input_tokens: 1_000, output_tokens: 100 } }];
    await application.claude.messages.create({ ...PARAMS, model });
    await application.close();
    expect(application.events).toMatchObject([
      {
        requestModel: model,
        lines: [{ responseModel: `${model}-20251001`, listCostNanoUsd: nanoFromUsd('0.0015'), flags: [] }],
      },
    ]);
  });
});
