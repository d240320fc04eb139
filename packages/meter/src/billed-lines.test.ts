import { describe, expect, it } from 'vitest';
import { type Answer, emptyAnswer, readBody, readEvent } from './answer.ts';
import { billedLines } from './billed-lines.ts';

function answerOf(...events: unknown[]): Answer {
  const answer = emptyAnswer();
  for (const event of events) readEvent(answer, event);
  return answer;
}

function messageOf(usage: Record<string, unknown>, more: Record<string, unknown> = {}): Answer {
  const answer = emptyAnswer();
  readBody(answer, {
    type: 'message',
    id: 'm',
    model: 'claude-x',
    content: [{ type: 'text' }],
    stop_reason: 'end_turn',
    usage,
    ...more,
  });
  return answer;
}

describe('lines of the provider’s billing record', () => {
  it('takes the last value of each field of a stream, and keeps what only its start knows', () => {
    const answer = answerOf(
      {
        type: 'message_start',
        message: {
          model: 'claude-x',
          usage: {
            input_tokens: 2479,
            output_tokens: 1,
            service_tier: 'standard',
            cache_creation_input_tokens: 3068,
            cache_creation: { ephemeral_5m_input_tokens: 3068, ephemeral_1h_input_tokens: 0 },
          },
        },
      },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: {
          input_tokens: 404_500,
          cache_creation_input_tokens: 3337,
          output_tokens: 90,
          cache_read_input_tokens: null,
        },
      },
    );
    expect(answer.usage?.['service_tier']).toBe('standard');
    expect(billedLines(answer, 'claude-x')).toMatchObject([
      {
        usage: {
          uncachedInputTokens: 404_500,
          cacheWrite5mInputTokens: 3068,
          cacheWriteUnsplitInputTokens: 269,
          outputTokens: 90,
        },
      },
    ]);
  });

  it('never counts more cache writes than were written, when the context shrank after the start', () => {
    const [line] = billedLines(
      messageOf({
        cache_creation_input_tokens: 10,
        cache_creation: { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 9 },
      }),
      '',
    );
    expect(line?.usage).toMatchObject({
      cacheWrite1hInputTokens: 9,
      cacheWrite5mInputTokens: 1,
      cacheWriteUnsplitInputTokens: 0,
    });
  });

  it('takes the split as the total where no total is given', () => {
    const [line] = billedLines(
      messageOf({ cache_creation: { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 9 } }),
      '',
    );
    expect(line?.usage).toMatchObject({ cacheWrite1hInputTokens: 9, cacheWrite5mInputTokens: 8 });
  });

  it('bills compactions and advisors, which the top level leaves out, at their own models', () => {
    const answer = messageOf({
      input_tokens: 30,
      output_tokens: 3,
      output_tokens_details: { thinking_tokens: 2 },
      server_tool_use: { web_search_requests: 4, web_fetch_requests: 1 },
      iterations: [
        { type: 'compaction', input_tokens: 500, output_tokens: 50 },
        { type: 'message', input_tokens: 10, output_tokens: 1 },
        { type: 'advisor_message', model: 'claude-dear', input_tokens: 70, output_tokens: 7 },
        { type: 'message', input_tokens: 20, output_tokens: 2 },
      ],
    });
    expect(billedLines(answer, 'claude-x')).toMatchObject([
      {
        lineType: 'compaction',
        model: 'claude-x',
        usage: { uncachedInputTokens: 500, webSearchRequests: 0, thinkingTokens: null },
        flags: ['model_assumed:compaction'],
      },
      {
        lineType: 'message',
        model: 'claude-x',
        usage: {
          uncachedInputTokens: 30,
          outputTokens: 3,
          webSearchRequests: 4,
          webFetchRequests: 1,
          thinkingTokens: 2,
        },
      },
      {
        lineType: 'advisor_message',
        model: 'claude-dear',
        usage: { uncachedInputTokens: 70, outputTokens: 7 },
      },
    ]);
  });

  it('keeps a declined attempt apart from the fallback that answered, with its category', () => {
    const answer = messageOf(
      {
        iterations: [
          { type: 'message', model: 'claude-a', input_tokens: 408, output_tokens: 0 },
          { type: 'fallback_message', model: 'claude-b', input_tokens: 412, output_tokens: 264 },
        ],
      },
      { model: 'claude-b', content: [{ type: 'fallback', trigger: { category: 'bio' } }, { type: 'text' }] },
    );
    expect(billedLines(answer, 'claude-a')).toMatchObject([
      { lineType: 'message', model: 'claude-a', declined: { category: 'bio' } },
      { lineType: 'fallback_message', model: 'claude-b', declined: null, usage: { outputTokens: 264 } },
    ]);
  });

  it('is complete for a stream that carries its whole message in its first event', () => {
    const answer = answerOf({
      type: 'message_start',
      message: { model: 'claude-x', stop_reason: 'end_turn', usage: { input_tokens: 5, output_tokens: 6 } },
    });
    expect(answer.complete).toBe(true);
    expect(billedLines(answer, '')).toMatchObject([{ usage: { uncachedInputTokens: 5, outputTokens: 6 } }]);
  });

  it('is incomplete, with the error’s type, when an error event ends the stream', () => {
    const answer = answerOf(
      { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } },
      { type: 'error', error: { type: 'overloaded_error', message: 'secret text' } },
    );
    expect(answer).toMatchObject({ complete: false, errorCode: 'overloaded_error' });
    expect(JSON.stringify(answer)).not.toContain('secret text');
  });

  it('reads no billing out of malformed usage', () => {
    const [line] = billedLines(
      messageOf({
        input_tokens: -5,
        output_tokens: 'many',
        cache_read_input_tokens: 1.5,
        iterations: 'no',
        server_tool_use: [],
      }),
      '',
    );
    expect(line?.usage).toMatchObject({
      uncachedInputTokens: 0,
      outputTokens: 0,
      cacheReadInputTokens: 0,
      webSearchRequests: 0,
    });
  });

  it('says of a line that a count of it was none, which it cannot charge: no silent zero', () => {
    const flagsOf = (usage: Record<string, unknown>) =>
      billedLines(messageOf(usage), '').map(({ flags }) => flags);
    expect(flagsOf({ input_tokens: 5, output_tokens: '500' })).toEqual([['malformed_usage']]);
    expect(flagsOf({ cache_creation: { ephemeral_5m_input_tokens: -1 } })).toEqual([['malformed_usage']]);
    expect(flagsOf({ input_tokens: 0, output_tokens: 0, cache_read_input_tokens: null })).toEqual([[]]);
    const iterations = [
      { type: 'message', input_tokens: 1, output_tokens: 1.5 },
      { type: 'message', input_tokens: 1, output_tokens: 1 },
    ];
    expect(flagsOf({ iterations })).toEqual([['malformed_usage']]);
  });
});
