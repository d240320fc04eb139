import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { clientOf, outputTokens, question, started } from './running-simulator.ts';

const cached = (text: string, ttl: '5m' | '1h') => ({
  type: 'text' as const,
  text,
  cache_control: { type: 'ephemeral' as const, ttl },
});

describe('the official SDK against the simulator', () => {
  it('creates a message, with the ids of request, organization and workspace', async () => {
    const simulator = await started();
    const { data, request_id, response } = await clientOf(simulator).messages.create(question).withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      stop_reason: 'end_turn',
    });
    expect(request_id).toMatch(/^req_01/);
    expect(response.headers.get('anthropic-organization-id')).toBe(simulator.simulator.organizationId);
    expect(response.headers.get('anthropic-workspace-id')).toBe(simulator.simulator.defaultWorkspaceId);
  });

  it('streams the very message that it creates', async () => {
    const client = clientOf(await started());
    const created = await client.messages.create(question);
    const streamed = await client.messages.stream(question).finalMessage();
    expect(streamed.content).toEqual(created.content);
    expect(streamed.stop_reason).toBe(created.stop_reason);
    expect(streamed.usage.output_tokens).toBe(created.usage.output_tokens);
  });

  it('receives a stream piece by piece, while it is being generated', async () => {
    const simulator = await started();
    const stream = await clientOf(simulator).messages.create(
      { ...question, stream: true },
      outputTokens(400),
    );
    let completedAtFirstDelta: number | null = null;
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === 'content_block_delta')
        completedAtFirstDelta ??= simulator.simulator.served().completed;
    }
    expect(completedAtFirstDelta).toBe(0);
    expect(types.filter((type) => type === 'content_block_delta')).toHaveLength(50);
    expect(types[0]).toBe('message_start');
    expect(types.at(-1)).toBe('message_stop');
  });

  it('thinks, in JSON and in a stream, within the tokens it is billed for', async () => {
    const client = clientOf(await started());
    const body = {
      ...question,
      max_tokens: 4_000,
      thinking: { type: 'enabled' as const, budget_tokens: 1_024 },
    };
    const created = await client.messages.create(body);
    expect(created.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    const thinkingTokens = created.usage.output_tokens_details?.thinking_tokens ?? 0;
    expect(thinkingTokens).toBeGreaterThan(0);
    expect(thinkingTokens).toBeLessThan(created.usage.output_tokens);
    const streamed = await client.messages.stream(body).finalMessage();
    expect(streamed.content).toEqual(created.content);
  });

  it('runs a tool loop to its end', async () => {
    const client = clientOf(await started());
    const asked: unknown[] = [];
    const runner = client.beta.messages.toolRunner({
      ...question,
      tools: [
        {
          name: 'weather',
          type: 'custom',
          input_schema: { type: 'object', properties: { city: { type: 'string' } } },
          parse: (input) => input as { city: string },
          run: ({ city }) => {
            asked.push(city);
            return 'sunny';
          },
        },
      ],
    });
    const last = await runner;
    expect(asked).toEqual([expect.any(String)]);
    expect(last.stop_reason).toBe('end_turn');
  });

  it('parses the arguments of a streamed tool call', async () => {
    const client = clientOf(await started());
    const properties = { city: { type: 'string' }, days: { type: 'integer' } };
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const, properties } }];
    const created = await client.messages.create({ ...question, tools });
    const streamed = await client.messages.stream({ ...question, tools }).finalMessage();
    expect(streamed.content).toEqual(created.content);
    expect(streamed.content.at(-1)).toMatchObject({
      type: 'tool_use',
      name: 'weather',
      input: { city: expect.any(String) },
    });
  });

  it('searches the web, whose results are input that only the end of a stream tells', async () => {
    const client = clientOf(await started());
    const tools = [{ type: 'web_search_20250305' as const, name: 'web_search' as const, max_uses: 1 }];
    const stream = await client.messages.create({ ...question, tools, stream: true });
    const inputs: (number | null)[] = [];
    let searches = 0;
    for await (const event of stream) {
      if (event.type === 'message_start') inputs.push(event.message.usage.input_tokens);
      if (event.type === 'message_delta') inputs.push(event.usage.input_tokens);
      if (event.type === 'message_delta') searches = event.usage.server_tool_use?.web_search_requests ?? 0;
    }
    const [atStart, atEnd] = inputs;
    expect(searches).toBe(1);
    expect(atEnd).toBeGreaterThan(Number(atStart) + 100);
  });

  it('writes a prompt cache once and reads it on the repeat, at the lifetime asked for', async () => {
    let nowMs = Date.parse('2026-11-21T12:00:00Z');
    const client = clientOf(await started({ nowMs: () => nowMs }));
    const system = [cached('a'.repeat(10_000), '1h'), cached('b'.repeat(5_000), '5m')];
    const usage = async () => (await client.messages.create({ ...question, system })).usage;
    expect(await usage()).toMatchObject({
      cache_creation_input_tokens: 6_000,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_1h_input_tokens: 4_000, ephemeral_5m_input_tokens: 2_000 },
    });
    nowMs += 299_999;
    expect(await usage()).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 6_000 });
    nowMs += 300_000;
    expect(await usage()).toMatchObject({
      cache_read_input_tokens: 4_000,
      cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 2_000 },
    });
  });

  it('stops at max_tokens', async () => {
    const client = clientOf(await started());
    const message = await client.messages.create({ ...question, max_tokens: 20 }, outputTokens(21));
    expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 20 } });
  });

  it('counts the tokens that it will bill', async () => {
    const client = clientOf(await started());
    const { model, messages } = question;
    const { input_tokens } = await client.messages.countTokens({ model, messages });
    expect((await client.messages.create(question)).usage.input_tokens).toBe(input_tokens);
  });

  it('throws the error classes that callers catch', async () => {
    const simulator = await started();
    const client = clientOf(simulator);
    const stranger = clientOf(simulator, { apiKey: 'nobody' });
    await expect(stranger.messages.create(question)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    await expect(client.messages.create({ ...question, model: 'claude-9' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    await expect(client.messages.create({ ...question, messages: [] })).rejects.toBeInstanceOf(
      Anthropic.BadRequestError,
    );
    expect(simulator.simulator.served().billedAttempts).toBe(0);
  });
});
