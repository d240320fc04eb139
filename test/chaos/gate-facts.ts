import {
  type Attribution,
  type CallIntent,
  type Clock,
  type Hold,
  newAttemptId,
  type ReserveRequest,
  type UsageEvent,
} from '@tallygate/usage';
import { usageEvent, usageLine } from '../contract/usage-fixtures.ts';
import { ORGANIZATION, teamOf } from './gate-budgets.ts';
import { amountsOf } from './gate-journal.ts';

/** How long a hold lives: short, so that processes die and stand still for longer. */
export const HOLD_TTL_MS = 3_000;
export const BUCKET_MS = 500;
export const LEASE_TTL_MS = 1_000;

export function requestFor(feature: string): ReserveRequest {
  const attemptId = newAttemptId();
  const { expected, worst } = amountsOf(attemptId);
  return {
    attemptId,
    attribution: attributionOf(attemptId, feature),
    models: ['claude-sonnet-4-5'],
    expectedNanoUsd: expected,
    worstNanoUsd: worst,
    ttlMs: HOLD_TTL_MS,
    configVersion: 1,
    enforce: true,
  };
}

export function intentOf({ attribution, attemptId }: ReserveRequest, hold: Hold, clock: Clock): CallIntent {
  const { callId, backend, requestModel, configVersion } = usageEvent();
  return {
    ...{ attemptId, callId, attemptNumber: 1, organization: ORGANIZATION, apiKeyId: null, apiKeyHint: null },
    ...{ attribution, backend, requestModel, streamed: false, startedAtMs: clock.nowMs(), configVersion },
    place: null,
    promptTokens: 100,
    hold,
  };
}

export function outcomeOf({ attemptId, callId, attribution, startedAtMs, hold }: CallIntent): UsageEvent {
  const { charge } = amountsOf(attemptId);
  return usageEvent({
    ...{ eventId: attemptId, callId, organization: ORGANIZATION, attribution },
    ...{ startedAtMs, endedAtMs: startedAtMs, budgetInstantMs: hold?.budgetInstantMs ?? startedAtMs },
    lines: [usageLine({ listCostNanoUsd: charge, contractedCostNanoUsd: charge })],
  });
}

function attributionOf(attemptId: string, feature: string): Attribution {
  return { ...usageEvent().attribution, team: teamOf(attemptId), feature };
}
