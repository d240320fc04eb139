import type { CallIntent, UsageEvent } from '@tallygate/usage';
import type { Admission } from './admit.ts';
import { emptyAnswer } from './answer.ts';
import type { LiveConfiguration } from './configuration-cache.ts';
import { usageEvent } from './outcome.ts';
import { UNKNOWN_IDENTITY } from './provider-headers.ts';

/** What is recorded of an attempt before it is sent. */
export function callIntent(
  admission: Admission,
  who: { apiKeyId: string | null; apiKeyHint: string | null },
): CallIntent {
  const { attempt, configuration, facts } = admission;
  // Spread last: what follows a spread at the front costs half a microsecond each (docs/decisions/cost-of-a-call.md).
  return {
    organization: configuration.snapshot.organization,
    attribution: admission.attribution,
    backend: admission.backend,
    place: admission.place,
    requestModel: facts.model,
    promptTokens: facts.promptTokens,
    streamed: facts.streamed,
    startedAtMs: admission.startedAtMs,
    configVersion: configuration.snapshot.version,
    hold: admission.hold,
    ...attempt,
    ...who,
    ...(admission.changed === undefined ? {} : { ladderSteps: [...admission.changed.changes] }),
  };
}

/**
 * The row of an attempt whose process died before the outcome: `unknown`, its input as estimated, at the prices of its day. It
 * is what the meter itself records when a connection breaks before the first byte; the provider's bill corrects it. The same
 * intent always gives the same row, so that a recovery that was cut short may be repeated.
 */
export function unknownOutcome(
  intent: CallIntent,
  { priceBook, snapshot }: Pick<LiveConfiguration, 'priceBook' | 'snapshot'>,
): UsageEvent {
  const { attemptId, callId, attemptNumber, organization, configVersion, startedAtMs } = intent;
  const ofItsDay = { ...snapshot, organization, version: configVersion };
  const admission: Admission = {
    attempt: { attemptId, callId, attemptNumber },
    attribution: intent.attribution,
    facts: {
      model: intent.requestModel,
      promptTokens: intent.promptTokens,
      streamed: intent.streamed,
      maxOutputTokens: 0,
      cacheWriteTtl: null,
      speed: null,
      inferenceGeo: null,
      webSearchMaxUses: 0,
      iterations: 1,
    },
    backend: intent.backend,
    place: intent.place,
    startedAtMs,
    configuration: { snapshot: ofItsDay, priceBook, isKnown: true },
    hold: intent.hold,
    holdTtlMs: 0,
    ...(intent.ladderSteps === undefined ? {} : { changed: { changes: intent.ladderSteps } }),
  };
  const end = {
    answer: emptyAnswer(),
    identity: UNKNOWN_IDENTITY,
    httpStatus: null,
    broken: true,
    mayBeBilled: true,
    errorCode: 'process_ended',
    apiKeyHint: intent.apiKeyHint,
    endedAtMs: startedAtMs,
    latencyMs: null,
    timeToFirstTokenMs: null,
  };
  return usageEvent(admission, end, { apiKeyId: intent.apiKeyId });
}
