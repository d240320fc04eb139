import { charge, refusalIsBilled } from '@tallygate/pricing';
import {
  type AttemptEstimate,
  type EventStatus,
  NO_USAGE,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import type { Admission, Amounts } from './admit.ts';
import type { Answer } from './answer.ts';
import { type BilledLine, billedLines } from './billed-lines.ts';
import { brokenLines } from './broken-lines.ts';
import type { ProviderIdentity } from './provider-headers.ts';
import { withoutAddresses } from './pseudonym.ts';
import type { RequestFacts } from './request-facts.ts';
import { errorTypeOf } from './send-errors.ts';
import { unknownUsage, unknownValueFlags } from './unknown-usage.ts';

/** How an attempt ended, as it was seen from here. */
export interface AttemptEnd {
  answer: Answer;
  identity: ProviderIdentity;
  /** Null when no response arrived. */
  httpStatus: number | null;
  /** The body broke off or was left before its usage was final, or no response arrived though the request was sent. */
  broken: boolean;
  /** False only when it is certain that the provider never took the request. */
  mayBeBilled: boolean;
  errorCode: string | null;
  apiKeyHint: string | null;
  endedAtMs: number;
  /** Null where nobody was there to measure it. */
  latencyMs: number | null;
  timeToFirstTokenMs: number | null;
}

export interface OutcomeOptions {
  apiKeyId: string | null;
  /** Hashes what looks like an e-mail address; absent or null: it is redacted. */
  pseudonymKey?: string | null;
  /** Of the trace that the attempt belongs to. */
  traceId?: string | null;
}

/** The row that is recorded: status, priced lines, and everything the reports will ask for. */
export function usageEvent(admission: Admission, end: AttemptEnd, options: OutcomeOptions): UsageEvent {
  const { attempt, attribution, configuration, facts, hold, startedAtMs } = admission;
  const status = statusOf(end);
  const lines = unpricedLines(status, admission, end);
  const plain = <Value>(value: Value) => withoutAddresses(value, options.pseudonymKey ?? null) as Value;
  const event: UsageEvent = {
    eventId: attempt.attemptId,
    callId: attempt.callId,
    attemptNumber: attempt.attemptNumber,
    organization: configuration.snapshot.organization,
    requestId: end.identity.requestId,
    providerOrganizationId: end.identity.providerOrganizationId,
    workspaceId: end.identity.workspaceId,
    apiKeyId: options.apiKeyId,
    apiKeyHint: end.apiKeyHint,
    attribution,
    backend: admission.backend,
    requestModel: facts.model,
    messageId: plain(end.answer.messageId),
    traceId: options.traceId ?? null,
    startedAtMs,
    endedAtMs: end.endedAtMs,
    budgetInstantMs: hold?.budgetInstantMs ?? startedAtMs,
    status,
    httpStatus: end.httpStatus,
    errorCode: plain(end.answer.errorCode ?? end.errorCode ?? errorTypeOf(end.httpStatus)),
    stopReason: plain(end.answer.stopReason),
    basis: status === 'aborted' || status === 'unknown' ? 'estimated' : 'reported',
    streamed: facts.streamed,
    latencyMs: end.latencyMs,
    timeToFirstTokenMs: end.timeToFirstTokenMs,
    configVersion: configuration.snapshot.version,
    stablePrefixHash: facts.stablePrefix?.hash ?? null,
    stablePrefixBytes: facts.stablePrefix?.bytes ?? null,
    unknownUsage: plain(unknownUsage(end.answer, admission.backend)),
    lines: lines.map((line, index) => inPlainWords(pricedLine(line, index, status, admission, end), plain)),
  };
  if (admission.changed !== undefined) event.ladderSteps = plain([...admission.changed.changes]);
  if (admission.estimated !== undefined) event.estimate = estimateOf(admission.estimated, facts);
  return event;
}

function estimateOf(
  { expectedNanoUsd, worstNanoUsd }: Amounts,
  { maxOutputTokens }: RequestFacts,
): AttemptEstimate {
  return { expectedNanoUsd, worstNanoUsd, maxOutputTokens };
}

/** What the provider put in its own words, or took from the caller's. */
function inPlainWords(line: UsageLine, plain: <Value>(value: Value) => Value): UsageLine {
  line.lineType = plain(line.lineType);
  line.responseModel = plain(line.responseModel);
  line.serviceTier = plain(line.serviceTier);
  line.speed = plain(line.speed);
  line.inferenceGeo = plain(line.inferenceGeo);
  line.flags = plain(line.flags);
  return line;
}

function statusOf(end: AttemptEnd): EventStatus {
  if (end.httpStatus !== null && end.httpStatus >= 400) return 'error';
  if (end.answer.complete) return end.answer.stopReason === 'refusal' ? 'refused' : 'ok';
  if (end.answer.usage !== null) return 'aborted';
  return end.mayBeBilled ? 'unknown' : 'error';
}

function unpricedLines(status: EventStatus, admission: Admission, end: AttemptEnd): BilledLine[] {
  const { facts } = admission;
  const nothing: BilledLine = {
    lineType: 'message',
    model: facts.model,
    usage: NO_USAGE,
    isSum: false,
    declined: null,
    flags: [],
  };
  switch (status) {
    case 'error':
      return [nothing];
    case 'unknown':
      return [
        {
          ...nothing,
          usage: { ...NO_USAGE, uncachedInputTokens: facts.promptTokens },
          flags: ['input_estimated'],
        },
      ];
    case 'aborted':
      return withLifetimes(brokenLines(end.answer, facts.model), facts);
    default:
      return withLifetimes(billedLines(end.answer, facts.model), facts);
  }
}

function withLifetimes(lines: BilledLine[], facts: RequestFacts): BilledLine[] {
  return facts.cacheWriteTtl === '1h' ? lines.map(withHourOfRemainder) : lines;
}

/** Cache writes that no split covers were asked for with the request's lifetime, of several the dearest. It stays an assumption. */
function withHourOfRemainder(line: BilledLine): BilledLine {
  const { cacheWrite1hInputTokens, cacheWriteUnsplitInputTokens } = line.usage;
  if (cacheWriteUnsplitInputTokens === 0) return line;
  const usage = {
    ...line.usage,
    cacheWrite1hInputTokens: cacheWrite1hInputTokens + cacheWriteUnsplitInputTokens,
    cacheWriteUnsplitInputTokens: 0,
  };
  return { ...line, usage, flags: [...line.flags, 'assumed_ttl'] };
}

function pricedLine(
  line: BilledLine,
  index: number,
  status: EventStatus,
  admission: Admission,
  end: AttemptEnd,
): UsageLine {
  const { priceBook, snapshot } = admission.configuration;
  const usage = end.answer.usage ?? {};
  const serviceTier = textOrNull(usage['service_tier']);
  // An advisor is a call of its own; the speed that was asked for is that of the answer.
  const speed = line.lineType === 'advisor_message' ? null : textOrNull(usage['speed']);
  const inferenceGeo = admission.place ?? textOrNull(usage['inference_geo']);
  const isElsewhere = admission.facts.isBilledElsewhere === true;
  const isBilled =
    status !== 'error' && !isElsewhere && lineIsBilled(line, status, end, admission.startedAtMs);
  const charged = charge(priceBook, {
    model: line.model,
    backend: admission.backend,
    atMs: admission.startedAtMs,
    usage: line.usage,
    serviceTier,
    speed,
    inferenceGeo,
    billed: isBilled,
    unpricedModels: snapshot.unpricedModels,
  });
  return {
    line: index,
    lineType: line.lineType,
    responseModel: line.model,
    usage: line.usage,
    serviceTier,
    speed,
    inferenceGeo,
    promptBand: charged.promptBand,
    billed: isBilled,
    listCostNanoUsd: charged.listCostNanoUsd,
    contractedCostNanoUsd: charged.contractedCostNanoUsd,
    webSearchCostNanoUsd: charged.webSearchCostNanoUsd,
    roundingPicoUsd: charged.roundingPicoUsd,
    priceId: charged.priceId,
    flags: [
      ...line.flags,
      ...charged.flags,
      ...(line.isSum && charged.promptBand === 'long' ? ['assumed_prompt_band'] : []),
      ...unknownValueFlags(end.answer, admission.backend, line.lineType),
      ...(isElsewhere ? ['billed_to_user_profile'] : []),
      ...(charged.contractId === null ? [] : [`contract:${charged.contractId}`]),
    ],
  };
}

/** Refusals and declined attempts are free or charged by the rule of their day; everything else that answered is charged. */
function lineIsBilled(line: BilledLine, status: EventStatus, end: AttemptEnd, atMs: number): boolean {
  if (line.declined !== null) {
    return refusalIsBilled({
      atMs,
      category: line.declined.category,
      outputBegan: line.usage.outputTokens > 0,
    });
  }
  if (status !== 'refused' || line.lineType === 'compaction' || line.lineType === 'advisor_message')
    return true;
  return refusalIsBilled({ atMs, category: end.answer.refusalCategory, outputBegan: end.answer.outputBegan });
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
