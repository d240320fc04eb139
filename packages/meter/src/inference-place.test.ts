import { builtinPriceBook, charge, estimate } from '@tallygate/pricing';
import { type Backend, NO_USAGE } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { inferencePlace } from './inference-place.ts';

const place = (backend: Backend, url: string, model = 'claude-haiku-5-5') =>
  inferencePlace(backend, { url, model }, builtinPriceBook);

describe('where a partner runs a request', () => {
  it.each([
    ['global.anthropic.claude-haiku-5-5', 'global'],
    ['eu.anthropic.claude-haiku-5-5', 'eu'],
    ['anthropic.claude-haiku-5-5', null],
    ['arn:aws:bedrock:eu-west-1:1:application-inference-profile/x', null],
  ])('Bedrock says it in the model: %s is %s', (model, expected) => {
    expect(place('bedrock', 'https://bedrock-runtime.eu-west-1.amazonaws.com/v1/messages', model)).toBe(
      expected,
    );
  });

  it.each([
    ['https://aiplatform.googleapis.com/v1/v1/messages', 'global'],
    ['https://us-east5-aiplatform.googleapis.com/v1/v1/messages', 'us-east5'],
    ['https://aiplatform.eu.rep.googleapis.com/v1/v1/messages', 'eu'],
    ['https://gateway.example.org/v1/messages', null],
    ['https://aiplatform.googleapis.com.example.org/v1/messages', null],
    ['not a url', null],
  ])('Google Cloud says it in the host: %s is %s', (url, expected) => {
    expect(place('vertex', url)).toBe(expected);
  });

  it('is left to the answer on the provider’s own API', () => {
    expect(place('anthropic', 'https://api.anthropic.com/v1/messages')).toBeNull();
    expect(place('foundry', 'https://acme.services.ai.azure.com/anthropic/v1/messages')).toBeNull();
  });
});

describe('a call on a partner', () => {
  const atMs = Date.UTC(2026, 10, 1);
  const requested = [
    'global.anthropic.claude-haiku-5-5',
    'eu.anthropic.claude-haiku-5-5',
    'claude-haiku-5-5',
  ];

  it.each(requested)(
    'for %s never settles above its worst case, whichever name the answer gives',
    (model) => {
      const inferenceGeo = inferencePlace('bedrock', { url: '', model }, builtinPriceBook);
      const shape = {
        backend: 'bedrock' as const,
        atMs,
        inferenceGeo,
        speed: null,
        unpricedModels: 'deny' as const,
      };
      const { worstNanoUsd } = estimate(builtinPriceBook, {
        ...shape,
        model,
        promptTokens: 1_000,
        cacheWriteTtl: null,
        maxOutputTokens: 1_000,
        expectedShareMillionths: null,
        batch: false,
        webSearchMaxUses: 0,
        iterations: 1,
      });
      const usage = { ...NO_USAGE, uncachedInputTokens: 1_000, outputTokens: 1_000 };
      const charged = charge(builtinPriceBook, {
        ...shape,
        model: 'claude-haiku-5-5',
        usage,
        serviceTier: null,
        billed: true,
      });
      expect(charged.listCostNanoUsd).toBeLessThanOrEqual(worstNanoUsd);
    },
  );
});
