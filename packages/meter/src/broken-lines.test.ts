import { describe, expect, it } from 'vitest';
import { type Answer, emptyAnswer, readEvent } from './answer.ts';
import { brokenLines } from './broken-lines.ts';

const START = {
  type: 'message_start',
  message: {
    model: 'claude-a',
    usage: { input_tokens: 300, cache_read_input_tokens: 100, output_tokens: 1 },
  },
};
const block = (content_block: object) => ({ type: 'content_block_start', content_block });
const TEXT = block({ type: 'text', text: '' });
const hop = (successor: string, category: string) =>
  block({ type: 'fallback', from: { model: 'any' }, to: { model: successor }, trigger: { category } });

/** Numbers are bytes of text that pass between the events. */
function answerOf(...passing: (object | number)[]): Answer {
  const answer = emptyAnswer();
  for (const each of passing) {
    if (typeof each === 'number') answer.deltaBytes += each;
    else readEvent(answer, each);
  }
  return answer;
}

const shown = (answer: Answer) =>
  brokenLines(answer, 'claude-a').map(({ lineType, model, declined, usage, flags }) => ({
    lineType,
    model,
    declined,
    input: [usage.uncachedInputTokens, usage.cacheReadInputTokens],
    output: usage.outputTokens,
    flags,
  }));

describe('lines of a stream that broke off', () => {
  it('have the input as reported, and as output what passed, never less than was told', () => {
    const line = { lineType: 'message', model: 'claude-a', declined: null, input: [300, 100] };
    expect(shown(answerOf(START, TEXT, 26))).toEqual([{ ...line, output: 11, flags: ['output_estimated'] }]);
    expect(shown(answerOf(START))).toEqual([{ ...line, output: 1, flags: ['output_estimated'] }]);
  });

  it('are one for each model after a fallback took over, each with what it wrote', () => {
    expect(
      shown(answerOf(START, TEXT, 25, hop('claude-b', 'cyber'), hop('claude-c', 'bio'), TEXT, 50)),
    ).toEqual([
      {
        lineType: 'message',
        model: 'claude-a',
        declined: { category: 'cyber' },
        input: [300, 100],
        output: 10,
        flags: ['output_estimated'],
      },
      {
        lineType: 'fallback_message',
        model: 'claude-b',
        declined: { category: 'bio' },
        input: [400, 0],
        output: 0,
        flags: ['input_estimated', 'output_estimated'],
      },
      {
        lineType: 'fallback_message',
        model: 'claude-c',
        declined: null,
        input: [400, 0],
        output: 20,
        flags: ['input_estimated', 'output_estimated'],
      },
    ]);
  });

  it('keep the placeholder of a model that declined before it wrote anything out of its output', () => {
    const [declined] = shown(answerOf(START, hop('claude-b', 'cyber'), TEXT, 5));
    expect(declined).toMatchObject({ output: 0, declined: { category: 'cyber' } });
  });
});
