import { type BatchOwner, derivedEventId, type UsageEvent, type UsageLine } from '@tallygate/usage';
import type { Admission } from '../admit.ts';
import type { LiveConfiguration } from '../configuration-cache.ts';
import { usageEvent } from '../outcome.ts';
import type { ProviderIdentity } from '../provider-headers.ts';
import type { ItemResult } from './item-result.ts';

/** What all items of one reading have in common. */
export interface ItemReading {
  owner: BatchOwner;
  configuration: LiveConfiguration;
  identity: ProviderIdentity;
  apiKeyId: string | null;
  pseudonymKey: string | null;
  apiKeyHint: string | null;
  customIdHash(customId: string): string;
}

/** The same for everybody who reads the batch, whatever keys they hold: the ledger and the gate count an item once by it. */
export function itemEventId(batchId: string, customId: string): string {
  return derivedEventId('anthropic-batch', JSON.stringify([batchId, customId]));
}

/**
 * The row of one item. All of it follows from the owner and the result, not from who reads when: two readers write the same
 * row. Instants are the batch's, since items have none; `requestId` names the batch, which is how the provider refers to it.
 */
export function itemEvent(eventId: string, item: ItemResult, reading: ItemReading): UsageEvent {
  const { owner, identity, apiKeyId, pseudonymKey } = reading;
  const endedAtMs = Math.max(owner.endedAtMs ?? owner.createdAtMs, owner.createdAtMs);
  const { answer } = item;
  if (answer.usage !== null) answer.usage = { ...answer.usage, service_tier: 'batch' };
  const event = usageEvent(
    itemAdmission(eventId, item, reading),
    {
      answer,
      identity: { ...identity, requestId: owner.batchId },
      httpStatus: null,
      broken: false,
      mayBeBilled: item.mayBeBilled,
      errorCode: item.errorCode,
      apiKeyHint: reading.apiKeyHint,
      endedAtMs,
      latencyMs: endedAtMs - owner.createdAtMs,
      timeToFirstTokenMs: null,
    },
    { apiKeyId, pseudonymKey },
  );
  return { ...event, lines: event.lines.map((line) => batchLine(line, owner)) };
}

/** An item is admitted with its batch; only its id and its model are its own. */
function itemAdmission(eventId: string, item: ItemResult, reading: ItemReading): Admission {
  const { owner, configuration } = reading;
  const model = owner.otherRequestModels[reading.customIdHash(item.customId)] ?? owner.requestModel;
  return {
    attempt: { attemptId: eventId, callId: eventId, attemptNumber: 1 },
    attribution: owner.attribution,
    facts: {
      model: model === '' ? (item.answer.model ?? '') : model,
      maxOutputTokens: 0,
      streamed: false,
      promptTokens: 0,
      cacheWriteTtl: null,
      speed: null,
      inferenceGeo: null,
      webSearchMaxUses: 0,
      iterations: 1,
    },
    backend: owner.backend,
    place: owner.place,
    startedAtMs: owner.createdAtMs,
    configuration,
    // The periods of an adopted batch differ by reader, its rows must not.
    hold: owner.adopted ? null : owner.hold,
    holdTtlMs: 0,
  };
}

/** The message of an item is the item; compactions, advisors and fallbacks inside it keep their own names. */
function batchLine(line: UsageLine, owner: BatchOwner): UsageLine {
  const flags = owner.adopted ? [...line.flags, 'batch_owner_unknown'] : line.flags;
  return { ...line, lineType: line.lineType === 'message' ? 'batch_item' : line.lineType, flags };
}
