import {
  type CallIntent,
  contractedCostNanoUsd,
  newAttemptId,
  type Settlement,
  type UsageEvent,
} from '@tallygate/usage';
import { holdFor, START_MS, settlement, usageEvent, usageLine } from '../contract/usage-fixtures.ts';
import type { Random } from './random.ts';

const MINUTE_MS = 60_000;

/** Any outcome: a few teams, models and hours, so that sums have several groups with several members. */
export function anyOutcome(random: Random): UsageEvent {
  const instantMs = START_MS + random.between(0, 180) * MINUTE_MS;
  const cost = BigInt(random.between(1, 5_000_000));
  const model = random.pick(['claude-opus-5-5', 'claude-sonnet-4-5']) ?? '';
  return usageEvent({
    eventId: newAttemptId(),
    startedAtMs: instantMs,
    endedAtMs: instantMs,
    budgetInstantMs: instantMs,
    requestModel: model,
    attribution: { ...usageEvent().attribution, team: random.pick(['support', 'search', 'legal']) ?? '' },
    lines: [usageLine({ responseModel: model, listCostNanoUsd: cost, contractedCostNanoUsd: cost })],
  });
}

/** What a gate would answer: the same for the same attempt, whoever asks and how often. */
export function settlementOf(event: UsageEvent): Settlement {
  return settlement({
    attemptId: event.eventId,
    seq: Number.parseInt(event.eventId.replaceAll('-', '').slice(-12), 16),
    budgetInstantMs: event.budgetInstantMs,
    entries: holdFor(event).entries.map(({ key }) => ({ key, amount: contractedCostNanoUsd(event) })),
  });
}

export function intentOf(event: UsageEvent): CallIntent {
  const { eventId, callId, attemptNumber, organization, apiKeyId, apiKeyHint } = event;
  const { attribution, backend, requestModel, streamed, startedAtMs, configVersion } = event;
  return {
    ...{ attemptId: eventId, callId, attemptNumber, organization, apiKeyId, apiKeyHint },
    ...{ attribution, backend, requestModel, streamed, startedAtMs, configVersion },
    place: null,
    promptTokens: 100,
    hold: holdFor(event),
  };
}

/** What the meter makes of a call that was in flight. */
export async function unknownOutcomes(intents: readonly CallIntent[]): Promise<UsageEvent[]> {
  return intents.map((intent) =>
    usageEvent({
      ...{ eventId: intent.attemptId, callId: intent.callId, attribution: intent.attribution },
      ...{ startedAtMs: intent.startedAtMs, endedAtMs: intent.startedAtMs },
      budgetInstantMs: intent.hold?.budgetInstantMs ?? intent.startedAtMs,
      requestModel: intent.requestModel,
      status: 'unknown',
      basis: 'estimated',
    }),
  );
}

export const recover = async (outcomes: readonly { event: UsageEvent }[]) =>
  outcomes.map(({ event }) => settlementOf(event));
