import { builtinPriceBook, charge } from '@tallygate/pricing';
import type { BilledUse } from '@tallygate/simulator';
import { NO_USAGE, type UsageEvent } from '@tallygate/usage';
import { usageEvent } from '../contract/usage-fixtures.ts';
import type { Call } from './reconcile-month.ts';

/** A call as each side came to know it: the row that a meter would have written, and the line of the provider's book. */
export const ORGANIZATION = 'acme';

/** How our knowledge of a call differs from what it was. */
export interface Metered extends Call {
  status?: 'ok' | 'aborted' | 'refused' | 'unknown';
  /** Charged by the prices of this instant: those that the application had. */
  pricedAtMs?: number;
}

/** @param defaultWorkspaceId as answers name it, where reports say null. */
export function meteredEvent(call: Metered, defaultWorkspaceId: string): UsageEvent {
  const { startedMs, endedMs, key, model, status = 'ok' } = call;
  const isSeen = status === 'ok' || status === 'refused';
  return usageEvent({
    organization: ORGANIZATION,
    workspaceId: key.workspaceId ?? defaultWorkspaceId,
    apiKeyHint: `${key.secret.slice(0, 16)}...${key.secret.slice(-4)}`,
    requestModel: model,
    ...{
      startedAtMs: startedMs,
      endedAtMs: endedMs,
      budgetInstantMs: startedMs,
      latencyMs: endedMs - startedMs,
    },
    ...{ status, httpStatus: status === 'unknown' ? null : 200, stopReason: isSeen ? 'end_turn' : null },
    basis: isSeen ? 'reported' : 'estimated',
    lines: [meteredLine(call)],
  });
}

function meteredLine(call: Metered): UsageEvent['lines'][number] {
  const { model, startedMs, pricedAtMs = startedMs, serviceTier, inferenceGeo } = call;
  const usage = {
    ...NO_USAGE,
    uncachedInputTokens: call.uncached,
    cacheReadInputTokens: call.cacheRead,
    cacheWrite5mInputTokens: call.cacheWrite5m,
    cacheWrite1hInputTokens: call.cacheWrite1h,
    outputTokens: call.output,
    webSearchRequests: call.webSearches,
  };
  const terms = { usage, serviceTier, speed: 'standard', inferenceGeo, billed: true };
  const asked = {
    ...terms,
    model,
    backend: 'anthropic',
    atMs: pricedAtMs,
    unpricedModels: 'dearest',
  } as const;
  const { listCostPicoUsd: _exact, contractId: _none, ...charged } = charge(builtinPriceBook, asked);
  return { line: 0, lineType: 'message', responseModel: model, ...terms, ...charged };
}

/** Exact, as the ledger's rows add up: rounded cost and what rounding took. */
export function exactPicoUsd({ lines }: UsageEvent): bigint {
  return lines.reduce((sum, line) => sum + line.listCostNanoUsd * 1_000n + BigInt(line.roundingPicoUsd), 0n);
}

export function billedUse(call: Call): BilledUse {
  return {
    ...{ startedMs: call.startedMs, endedMs: call.endedMs, apiKeyId: call.key.id },
    ...{ workspaceId: call.key.workspaceId, model: call.model, speed: 'standard' },
    ...{ inferenceGeo: call.inferenceGeo, serviceTier: call.serviceTier, webSearches: call.webSearches },
    tokens: {
      uncached_input_tokens: call.uncached,
      'cache_creation.ephemeral_5m_input_tokens': call.cacheWrite5m,
      'cache_creation.ephemeral_1h_input_tokens': call.cacheWrite1h,
      cache_read_input_tokens: call.cacheRead,
      output_tokens: call.output,
    },
  };
}
