import { describe, expect, it } from 'vitest';
import { ProviderError } from '../provider-error.ts';
import { readMessageRequest } from './request.ts';

const TODAY = '2026-11-21';
const valid = { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };

function refusal(body: Record<string, unknown>, day = TODAY): [number, string] {
  try {
    readMessageRequest(body, day);
  } catch (error) {
    if (error instanceof ProviderError) return [error.status, error.message];
    throw error;
  }
  throw new Error('the request was accepted');
}

describe('a request', () => {
  it.each([
    [{ max_tokens: undefined }, 400, 'max_tokens: Field required'],
    [{ max_tokens: 0 }, 400, 'max_tokens: Input should be greater than or equal to 1'],
    [{ max_tokens: 1.5 }, 400, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: 128_001 }, 400, 'max_tokens: 128001 > 128000'],
    [{ messages: undefined }, 400, 'messages: Field required'],
    [{ messages: [] }, 400, 'messages: at least one message is required'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 400, 'messages.0.role'],
    [{ messages: [{ role: 'user' }] }, 400, 'messages.0.content'],
    [{ model: undefined }, 400, 'model: Field required'],
    [{ model: 'claude-opus-5-55' }, 404, 'model: claude-opus-5-55'],
    [{ model: '__proto__' }, 404, 'model: __proto__'],
    [{ thinking: { type: 'enabled', budget_tokens: 1_023 } }, 400, 'thinking.enabled.budget_tokens'],
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, 400, '`max_tokens` must be greater'],
    [{ speed: 'slow' }, 400, 'speed: Input'],
    [{ model: 'claude-haiku-5-5', speed: 'fast' }, 400, 'speed: fast mode is not supported'],
    [{ model: 'claude-haiku-4-5', inference_geo: 'us' }, 400, 'inference_geo: not supported'],
    [{ inference_geo: 'eu' }, 400, 'inference_geo: Input'],
    [{ tool_choice: { type: 'maybe' } }, 400, 'tool_choice.type'],
    [{ tools: [{ name: 'a' }, { input_schema: {} }] }, 400, 'tools.1.custom.name'],
  ])('with %j is refused as the provider refuses it', (change, status, message) => {
    const [actualStatus, actualMessage] = refusal({ ...valid, ...change });
    expect(actualStatus).toBe(status);
    expect(actualMessage).toContain(message);
  });

  it('names the full id of a model that was asked for by its short one', () => {
    expect(readMessageRequest({ ...valid, model: 'claude-haiku-4-5' }, TODAY).model.id).toBe(
      'claude-haiku-4-5-20251001',
    );
  });

  it('finds a model from the day of its launch until the day of its retirement', () => {
    expect(refusal({ ...valid, model: 'claude-fable-5-2' }, '2026-11-08')[0]).toBe(404);
    expect(readMessageRequest({ ...valid, model: 'claude-fable-5-2' }, '2026-11-09').model.id).toBe(
      'claude-fable-5-2',
    );
    expect(readMessageRequest({ ...valid, model: 'claude-sonnet-4-5' }, '2026-11-29').maxTokens).toBe(100);
    expect(refusal({ ...valid, model: 'claude-sonnet-4-5' }, '2026-11-30')[0]).toBe(404);
  });

  it('runs Opus 4.6 at standard speed when fast is asked for', () => {
    const request = readMessageRequest({ ...valid, model: 'claude-opus-4-6', speed: 'fast' }, TODAY);
    expect([request.speed, request.speedAsked]).toEqual(['standard', true]);
  });

  it('tells geography by the model where the caller says nothing', () => {
    expect(readMessageRequest(valid, TODAY).inferenceGeo).toBe('global');
    expect(readMessageRequest({ ...valid, model: 'claude-haiku-4-5' }, TODAY).inferenceGeo).toBe(
      'not_available',
    );
  });
});
