/** A usage event as rows, one per billable line, and back. */
import {
  backendSchema,
  eventStatusSchema,
  type UsageEvent,
  type UsageLine,
  usageEventSchema,
} from '@tallygate/usage';
import {
  amount,
  cellsOf,
  count,
  flag,
  instant,
  maybeAmount,
  maybeCount,
  maybeInteger,
  maybeMeasure,
  maybeText,
  measure,
  name,
  namesOf,
  oneOf,
  ordinal,
  rounding,
  rowText,
  tags,
  text,
  texts,
  unstorable,
} from './column.ts';

/** Grows with the layout: of two copies of a row, the one written by the newer version stays. 2: with the stable prefix. 3: with the ladder. 4: with the estimate. */
const ROW_VERSION = 4;

const BASES = usageEventSchema.shape.basis.options;
const PROMPT_BANDS = usageEventSchema.shape.lines.element.shape.promptBand.options;

const ATTEMPT = [
  name<UsageEvent>('organization', (event) => event.organization),
  name<UsageEvent>('event_id', (event) => event.eventId),
  // The first attempt of a call has the call's id: saying it twice would cost 15 bytes in nearly every row.
  text<UsageEvent>('call_id', (event) => (event.callId === event.eventId ? '' : event.callId)),
  ordinal<UsageEvent>('attempt_number', (event) => event.attemptNumber),
  maybeText<UsageEvent>('provider_organization_id', (event) => event.providerOrganizationId),
  maybeText<UsageEvent>('workspace_id', (event) => event.workspaceId),
  maybeText<UsageEvent>('api_key_id', (event) => event.apiKeyId),
  maybeText<UsageEvent>('api_key_hint', (event) => event.apiKeyHint),
  name<UsageEvent>('team', (event) => event.attribution.team),
  name<UsageEvent>('feature', (event) => event.attribution.feature),
  name<UsageEvent>('environment', (event) => event.attribution.environment),
  maybeText<UsageEvent>('user_pseudonym', (event) => event.attribution.userPseudonym),
  maybeText<UsageEvent>('workflow', (event) => event.attribution.workflow),
  maybeText<UsageEvent>('task_type', (event) => event.attribution.taskType),
  tags<UsageEvent>('tags', (event) => event.attribution.tags),
  oneOf(backendSchema.options)<UsageEvent>('backend', (event) => event.backend),
  text<UsageEvent>('request_model', (event) => event.requestModel),
  maybeText<UsageEvent>('request_id', (event) => event.requestId),
  maybeText<UsageEvent>('message_id', (event) => event.messageId),
  maybeText<UsageEvent>('trace_id', (event) => event.traceId),
  instant<UsageEvent>('started_at', (event) => event.startedAtMs),
  instant<UsageEvent>('ended_at', (event) => event.endedAtMs),
  instant<UsageEvent>('budget_instant', (event) => event.budgetInstantMs),
  oneOf(eventStatusSchema.options)<UsageEvent>('status', (event) => event.status),
  maybeInteger<UsageEvent>('http_status', (event) => event.httpStatus),
  maybeText<UsageEvent>('error_code', (event) => event.errorCode),
  maybeText<UsageEvent>('stop_reason', (event) => event.stopReason),
  oneOf(BASES)<UsageEvent>('basis', (event) => event.basis),
  flag<UsageEvent>('streamed', (event) => event.streamed),
  // 0 says that nobody measured it, so what was measured is at least 1.
  measure<UsageEvent>('latency_ms', ({ latencyMs: ms }) => (ms === null ? 0 : Math.max(1, Math.round(ms)))),
  maybeMeasure<UsageEvent>('time_to_first_token_ms', ({ timeToFirstTokenMs: ms }) => ms && Math.round(ms)),
  count<UsageEvent>('config_version', (event) => event.configVersion),
  maybeText<UsageEvent>('stable_prefix_hash', (event) => event.stablePrefixHash),
  maybeCount<UsageEvent>('stable_prefix_bytes', (event) => event.stablePrefixBytes),
  maybeText<UsageEvent>('unknown_usage', ({ unknownUsage }) => unknownUsage && JSON.stringify(unknownUsage)),
  count<UsageEvent>('ver', () => ROW_VERSION),
];

const LINE = [
  count<UsageLine>('line', (line) => line.line),
  name<UsageLine>('line_type', (line) => line.lineType),
  text<UsageLine>('response_model', (line) => line.responseModel),
  count<UsageLine>('uncached_input_tokens', (line) => line.usage.uncachedInputTokens),
  count<UsageLine>('cache_read_input_tokens', (line) => line.usage.cacheReadInputTokens),
  count<UsageLine>('cache_write_5m_input_tokens', (line) => line.usage.cacheWrite5mInputTokens),
  count<UsageLine>('cache_write_1h_input_tokens', (line) => line.usage.cacheWrite1hInputTokens),
  count<UsageLine>('cache_write_unsplit_input_tokens', (line) => line.usage.cacheWriteUnsplitInputTokens),
  count<UsageLine>('output_tokens', (line) => line.usage.outputTokens),
  maybeCount<UsageLine>('thinking_tokens', (line) => line.usage.thinkingTokens),
  count<UsageLine>('web_search_requests', (line) => line.usage.webSearchRequests),
  count<UsageLine>('web_fetch_requests', (line) => line.usage.webFetchRequests),
  maybeText<UsageLine>('service_tier', (line) => line.serviceTier),
  maybeText<UsageLine>('speed', (line) => line.speed),
  maybeText<UsageLine>('inference_geo', (line) => line.inferenceGeo),
  oneOf(PROMPT_BANDS)<UsageLine>('prompt_band', (line) => line.promptBand),
  flag<UsageLine>('billed', (line) => line.billed),
  amount<UsageLine>('list_cost_nano_usd', (line) => line.listCostNanoUsd),
  amount<UsageLine>('contracted_cost_nano_usd', (line) => line.contractedCostNanoUsd),
  amount<UsageLine>('web_search_cost_nano_usd', (line) => line.webSearchCostNanoUsd),
  rounding<UsageLine>('rounding_pico_usd', (line) => line.roundingPicoUsd),
  maybeText<UsageLine>('price_id', (line) => line.priceId),
  texts<UsageLine>('flags', (line) => line.flags),
];

/** Columns of the attempt that came later. A row may end sooner, but a column never stands between those of an earlier version. */
const LATER = [
  maybeText<UsageEvent>('ladder_steps', ({ ladderSteps }) =>
    ladderSteps ? JSON.stringify(ladderSteps) : null,
  ),
  maybeAmount<UsageEvent>('expected_nano_usd', ({ estimate }) => estimate?.expectedNanoUsd),
  maybeAmount<UsageEvent>('worst_nano_usd', ({ estimate }) => estimate?.worstNanoUsd),
  maybeCount<UsageEvent>('max_output_tokens', ({ estimate }) => estimate?.maxOutputTokens ?? null),
];

export const USAGE_COLUMNS: readonly string[] = namesOf([...ATTEMPT, ...LINE, ...LATER]);

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what the table cannot hold, and for an event without a line. */
export function usageRows(event: UsageEvent): string[] {
  const attempt = rowText(ATTEMPT, event).slice(0, -1);
  if (event.lines.length === 0) throw unstorable('lines', 'none');
  const later = rowText(LATER, event).slice(1);
  return event.lines.map((line) => `${attempt},${rowText(LINE, line).slice(1, -1)},${later}`);
}

/** @throws ZodError for rows that are not those of one event. */
export function eventFromRows(rows: readonly unknown[]): UsageEvent {
  const lines = rows.map((row) => cellsOf(USAGE_COLUMNS, row));
  return usageEventSchema.parse({ ...attemptOf(lines[0] ?? {}), lines: lines.map(lineOf) });
}

function attemptOf(cells: Record<string, unknown>): object {
  const { unknown_usage: unknownUsage, ladder_steps: ladderSteps } = cells;
  return {
    organization: cells['organization'],
    eventId: cells['event_id'],
    callId: cells['call_id'] === '' ? cells['event_id'] : cells['call_id'],
    attemptNumber: cells['attempt_number'],
    providerOrganizationId: cells['provider_organization_id'],
    workspaceId: cells['workspace_id'],
    apiKeyId: cells['api_key_id'],
    apiKeyHint: cells['api_key_hint'],
    attribution: {
      team: cells['team'],
      feature: cells['feature'],
      environment: cells['environment'],
      userPseudonym: cells['user_pseudonym'],
      workflow: cells['workflow'],
      taskType: cells['task_type'],
      tags: cells['tags'],
    },
    backend: cells['backend'],
    requestModel: cells['request_model'],
    requestId: cells['request_id'],
    messageId: cells['message_id'],
    traceId: cells['trace_id'],
    startedAtMs: cells['started_at'],
    endedAtMs: cells['ended_at'],
    budgetInstantMs: cells['budget_instant'],
    status: cells['status'],
    httpStatus: cells['http_status'],
    errorCode: cells['error_code'],
    stopReason: cells['stop_reason'],
    basis: cells['basis'],
    streamed: cells['streamed'],
    latencyMs: cells['latency_ms'] === 0 ? null : cells['latency_ms'],
    timeToFirstTokenMs: cells['time_to_first_token_ms'],
    configVersion: cells['config_version'],
    stablePrefixHash: cells['stable_prefix_hash'],
    stablePrefixBytes: cells['stable_prefix_bytes'],
    unknownUsage: typeof unknownUsage === 'string' ? JSON.parse(unknownUsage) : null,
    ...(typeof ladderSteps === 'string' ? { ladderSteps: JSON.parse(ladderSteps) } : {}),
    ...(cells['worst_nano_usd'] === null ? {} : { estimate: estimateOf(cells) }),
  };
}

function estimateOf(cells: Record<string, unknown>): object {
  return {
    expectedNanoUsd: cells['expected_nano_usd'],
    worstNanoUsd: cells['worst_nano_usd'],
    maxOutputTokens: cells['max_output_tokens'],
  };
}

function lineOf(cells: Record<string, unknown>): object {
  return {
    line: cells['line'],
    lineType: cells['line_type'],
    responseModel: cells['response_model'],
    usage: {
      uncachedInputTokens: cells['uncached_input_tokens'],
      cacheReadInputTokens: cells['cache_read_input_tokens'],
      cacheWrite5mInputTokens: cells['cache_write_5m_input_tokens'],
      cacheWrite1hInputTokens: cells['cache_write_1h_input_tokens'],
      cacheWriteUnsplitInputTokens: cells['cache_write_unsplit_input_tokens'],
      outputTokens: cells['output_tokens'],
      thinkingTokens: cells['thinking_tokens'],
      webSearchRequests: cells['web_search_requests'],
      webFetchRequests: cells['web_fetch_requests'],
    },
    serviceTier: cells['service_tier'],
    speed: cells['speed'],
    inferenceGeo: cells['inference_geo'],
    promptBand: cells['prompt_band'],
    billed: cells['billed'],
    listCostNanoUsd: cells['list_cost_nano_usd'],
    contractedCostNanoUsd: cells['contracted_cost_nano_usd'],
    webSearchCostNanoUsd: cells['web_search_cost_nano_usd'],
    roundingPicoUsd: cells['rounding_pico_usd'],
    priceId: cells['price_id'],
    flags: cells['flags'],
  };
}
