import type { UsageEvent, UsageLine } from '@tallygate/usage';
import type { Truth, TruthLine } from './recordings.ts';

/** One field in which the metered row differs from the truth. */
export interface Difference {
  field: string;
  expected: unknown;
  metered: unknown;
}

/** Empty when the row is exact: outcome, models, every count of every line, and the cost in pico-USD before rounding. */
export function compareWithTruth(truth: Truth, event: UsageEvent | null): Difference[] {
  if (event === null)
    return truth.record_optional ? [] : [{ field: 'record', expected: 'a row', metered: 'none' }];
  return [...outcomeDifferences(truth, event), ...lineDifferences(truth, event)];
}

function outcomeDifferences(truth: Truth, event: UsageEvent): Difference[] {
  const outcome = event.status === 'aborted' || event.status === 'unknown' ? 'partial' : event.status;
  const accepted = [truth.outcome, ...(truth.outcome_also_acceptable ?? [])];
  const differences: Difference[] = [];
  if (!accepted.includes(outcome))
    differences.push({ field: 'outcome', expected: truth.outcome, metered: outcome });
  if (truth.request_model !== null && truth.request_model !== event.requestModel) {
    differences.push({ field: 'request_model', expected: truth.request_model, metered: event.requestModel });
  }
  return differences;
}

function lineDifferences(truth: Truth, event: UsageEvent): Difference[] {
  const metered = new Map(event.lines.map((line) => [keyOf(line.lineType, line.responseModel), line]));
  const lowerBounds = new Set(truth.lower_bound_fields ?? []);
  const differences = truth.lines.flatMap((expected) => {
    const key = keyOf(expected.iteration_type, expected.model);
    const line = metered.get(key);
    metered.delete(key);
    if (!line) return [{ field: 'line', expected: key, metered: [...metered.keys()] }];
    return fieldDifferences(expected, line, lowerBounds);
  });
  const surplus = [...metered].filter(([, line]) => line.billed || line.usage.outputTokens > 0);
  return [...differences, ...surplus.map(([key]) => ({ field: 'line', expected: 'none', metered: key }))];
}

function fieldDifferences(expected: TruthLine, line: UsageLine, lowerBounds: Set<string>): Difference[] {
  const metered: Record<string, unknown> = {
    uncached_input_tokens: line.usage.uncachedInputTokens,
    cache_write_5m_tokens: line.usage.cacheWrite5mInputTokens,
    cache_write_1h_tokens: line.usage.cacheWrite1hInputTokens,
    cache_write_unsplit_tokens: line.usage.cacheWriteUnsplitInputTokens,
    cache_read_tokens: line.usage.cacheReadInputTokens,
    output_tokens: line.usage.outputTokens,
    thinking_tokens: line.usage.thinkingTokens,
    web_search_requests: line.usage.webSearchRequests,
    web_fetch_requests: line.usage.webFetchRequests,
    service_tier: line.serviceTier,
    speed: line.speed,
    inference_geo: line.inferenceGeo,
    billed: line.billed,
    list_cost_pico_usd: costPico(line),
  };
  return Object.entries(metered).flatMap(([field, value]) => {
    const wanted = expected[field as keyof TruthLine] ?? null;
    const isExact = lowerBounds.has(field) ? Number(value) >= Number(wanted) : value === wanted;
    return isExact ? [] : [{ field, expected: wanted, metered: value }];
  });
}

/** Exact cost of a line; null for a model without a price, whose stand-in price the truth does not know. */
function costPico(line: UsageLine): number | null {
  if (line.flags.includes('unpriced')) return null;
  return Number(line.listCostNanoUsd * 1000n + BigInt(line.roundingPicoUsd));
}

function keyOf(lineType: string, model: string): string {
  return `${lineType} ${model}`;
}
