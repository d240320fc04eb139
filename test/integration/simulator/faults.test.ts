import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { clientOf, fault, outputTokens, question, started } from './running-simulator.ts';

/** Output tokens on the bill, told apart from the prompt by its price: 20 and 4 USD per million tokens. */
function billedOutputTokens(billedUsd: string, promptTokenCount: number): bigint {
  const [whole = '', fraction = ''] = billedUsd.split('.');
  const picoUsd = BigInt(whole + fraction.padEnd(12, '0'));
  return (picoUsd - BigInt(promptTokenCount) * 4_000_000n) / 20_000_000n;
}

async function promptTokens(client: Anthropic): Promise<number> {
  const { model, messages } = question;
  return (await client.messages.countTokens({ model, messages })).input_tokens;
}

describe('a fault, seen by the official SDK', () => {
  it.each([
    ['429', Anthropic.RateLimitError],
    ['500', Anthropic.InternalServerError],
    ['529', Anthropic.OverloadedError],
  ])('%s is thrown once retries are used up, and never billed', async (name, errorClass) => {
    const { simulator, ...running } = await started();
    const client = clientOf({ simulator, ...running }, { maxRetries: 2 });
    await expect(client.messages.create(question, fault(name))).rejects.toBeInstanceOf(errorClass);
    expect(simulator.served()).toMatchObject({
      requests: 3,
      faults: { [name]: 3 },
      billedAttempts: 0,
      billedUsd: '0',
    });
  });

  it.each(['429-once', '500-once', '529-once'])('%s costs one retry and is billed once', async (name) => {
    const running = await started();
    const message = await clientOf(running, { maxRetries: 1 }).messages.create(question, fault(name));
    expect(message.stop_reason).toBe('end_turn');
    expect(running.simulator.served()).toMatchObject({ requests: 2, completed: 1, billedAttempts: 1 });
  });

  it('mid-stream-error reaches the reader after half of the answer, which is billed', async () => {
    const running = await started();
    const client = clientOf(running);
    const headers = { ...fault('mid-stream-error').headers, ...outputTokens(400).headers };
    const stream = client.messages.stream(question, { headers });
    let deltas = 0;
    stream.on('text', () => {
      deltas += 1;
    });
    await expect(stream.finalMessage()).rejects.toThrow('overloaded_error');
    expect(deltas).toBe(25);
    const { billedUsd } = running.simulator.served();
    expect(billedOutputTokens(billedUsd, await promptTokens(client))).toBe(200n);
  });

  it('cut severs the connection of a stream in the middle, and bills what was generated', async () => {
    const running = await started();
    const client = clientOf(running);
    const headers = { ...fault('cut').headers, ...outputTokens(400).headers };
    const received: string[] = [];
    const read = async () => {
      const stream = await client.messages.create({ ...question, stream: true }, { headers });
      for await (const event of stream) received.push(event.type);
    };
    await expect(read()).rejects.toThrow();
    expect(received[0]).toBe('message_start');
    expect(received).not.toContain('message_delta');
    expect(running.simulator.served()).toMatchObject({ faults: { cut: 1 }, abandoned: 0, billedAttempts: 1 });
    expect(billedOutputTokens(running.simulator.served().billedUsd, await promptTokens(client))).toBe(200n);
  });

  it('cut breaks a JSON answer on its way, which is billed in full', async () => {
    const running = await started();
    const client = clientOf(running);
    const headers = { ...fault('cut').headers, ...outputTokens(100).headers };
    await expect(client.messages.create(question, { headers })).rejects.toThrow();
    expect(billedOutputTokens(running.simulator.served().billedUsd, await promptTokens(client))).toBe(100n);
  });

  it('timeout outlasts the patience of the caller, whose retries are all free', async () => {
    const running = await started();
    const client = clientOf(running, { timeout: 500, maxRetries: 1 });
    await expect(client.messages.create(question, fault('timeout'))).rejects.toBeInstanceOf(
      Anthropic.APIConnectionTimeoutError,
    );
    await running.simulator.idle();
    expect(running.simulator.served()).toMatchObject({
      requests: 2,
      faults: { timeout: 2 },
      billedAttempts: 0,
    });
  });

  it('timeout answers 504 to a caller with more patience', async () => {
    const client = clientOf(await started({ timeoutDelayMs: 1 }));
    await expect(client.messages.create(question, fault('timeout'))).rejects.toMatchObject({ status: 504 });
  });

  it('slow lets the caller time out in the middle of an answer, and bills the prompt and what was generated', async () => {
    const running = await started({ slowEventDelayMs: 600_000 });
    const client = clientOf(running, { timeout: 500 });
    await expect(client.messages.create(question, fault('slow'))).rejects.toBeInstanceOf(
      Anthropic.APIConnectionTimeoutError,
    );
    await running.simulator.idle();
    expect(running.simulator.served()).toMatchObject({ abandoned: 1, completed: 0, billedAttempts: 1 });
    expect(billedOutputTokens(running.simulator.served().billedUsd, await promptTokens(client))).toBe(0n);
  });
});

describe('a caller that stops reading', () => {
  it.each(['break', 'abort'])(
    'by %s ends generation, and pays for no more than was generated',
    async (how) => {
      const running = await started({ eventDelayMs: 5 });
      const client = clientOf(running);
      const stream = await client.messages.create(
        { ...question, max_tokens: 20_000, stream: true },
        outputTokens(16_000),
      );
      let receivedTokens = 0;
      for await (const event of stream) {
        if (event.type === 'content_block_delta') receivedTokens += 8;
        if (receivedTokens < 24) continue;
        if (how === 'break') break;
        stream.controller.abort();
      }
      await running.simulator.idle();
      expect(running.simulator.served()).toMatchObject({ abandoned: 1, completed: 0, billedAttempts: 1 });
      const billed = billedOutputTokens(running.simulator.served().billedUsd, await promptTokens(client));
      expect(billed).toBeGreaterThanOrEqual(24n);
      expect(billed).toBeLessThan(16_000n);
    },
  );
});
