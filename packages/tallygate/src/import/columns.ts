/**
 * What the columns of an export are called. Names are compared in snake case with dots between levels, so that `startTime`,
 * "Start Time" and start_time are one name. Of several columns for a field the first of its list that has a value counts.
 */
import { SPAN_NAMES } from '@tallygate/meter';
import { nearestName, TallygateError } from '@tallygate/usage';

export const COLUMNS = {
  timestamp: ['timestamp', 'time', 'created_at', 'created', 'start_time', 'started_at', 'date'],
  id: ['request_id', 'id', 'response_id', 'message_id', 'span_id'],
  user: ['user_id', 'user', 'end_user', 'enduser.id', 'user.id'],
  team: ['team', 'team_id', 'metadata.user_api_key_team_alias', 'team_alias'],
  feature: ['feature', 'feature_id', 'trace_name'],
  environment: ['environment', 'env', 'deployment.environment.name'],
  workflow: ['workflow'],
  model: ['model', 'response_model', 'model_name', 'provided_model_name', SPAN_NAMES.responseModel],
  requestModel: ['request_model', 'requested_model', SPAN_NAMES.requestModel],
  backend: ['backend', 'provider', 'custom_llm_provider', SPAN_NAMES.provider],
  apiKeyId: ['api_key_id'],
  workspaceId: ['workspace_id'],
  /** All that was read, what the cache gave and took included, as OpenAI, LiteLLM and OpenTelemetry count it. */
  promptTokens: ['prompt_tokens', 'usage.prompt_tokens', SPAN_NAMES.totalInputTokens],
  /** Without the cache, as the provider itself and Langfuse count it. */
  uncachedInputTokens: ['uncached_input_tokens', 'input_tokens', 'usage.input_tokens', 'usage_details.input'],
  outputTokens: [
    'completion_tokens',
    'output_tokens',
    'usage.completion_tokens',
    'usage.output_tokens',
    'usage_details.output',
    SPAN_NAMES.outputTokens,
  ],
  cacheReadTokens: [
    'cache_read_input_tokens',
    'cache_read_tokens',
    'cached_tokens',
    'usage.cache_read_input_tokens',
    'prompt_tokens_details.cached_tokens',
    'usage.prompt_tokens_details.cached_tokens',
    'usage_details.cache_read_input_tokens',
    SPAN_NAMES.cacheReadTokens,
  ],
  /** Every lifetime together. */
  cacheWriteTokens: [
    'cache_creation_input_tokens',
    'cache_write_tokens',
    'usage.cache_creation_input_tokens',
    'usage_details.cache_creation_input_tokens',
    SPAN_NAMES.cacheWriteTokens,
  ],
  cacheWrite5mTokens: [
    'cache_write_5m_input_tokens',
    'cache_creation.ephemeral_5m_input_tokens',
    'usage.cache_creation.ephemeral_5m_input_tokens',
  ],
  cacheWrite1hTokens: [
    'cache_write_1h_input_tokens',
    'cache_creation.ephemeral_1h_input_tokens',
    'usage.cache_creation.ephemeral_1h_input_tokens',
  ],
  thinkingTokens: [
    'thinking_tokens',
    'reasoning_tokens',
    'completion_tokens_details.reasoning_tokens',
    'usage.completion_tokens_details.reasoning_tokens',
  ],
  webSearchRequests: [
    'web_search_requests',
    'server_tool_use.web_search_requests',
    'usage.server_tool_use.web_search_requests',
  ],
  serviceTier: ['service_tier', 'usage.service_tier'],
  speed: ['speed', 'usage.speed'],
  inferenceGeo: ['inference_geo', 'usage.inference_geo'],
  latencyMs: ['latency_ms', 'duration_ms'],
  /** USD per token. */
  promptPrice: ['cost_per_token_prompt', 'input_cost_per_token', 'prompt_cost_per_token'],
  completionPrice: ['cost_per_token_completion', 'output_cost_per_token', 'completion_cost_per_token'],
  cacheReadPrice: ['cost_per_token_cache_read', 'cache_read_input_token_cost'],
  cacheWritePrice: ['cost_per_token_cache_write', 'cache_creation_input_token_cost'],
  /** USD for the whole call. */
  cost: ['cost_usd', 'cost', 'spend', 'response_cost', 'total_cost', 'calculated_total_cost'],
} as const satisfies Record<string, readonly string[]>;

export type Field = keyof typeof COLUMNS;
const FIELDS = Object.keys(COLUMNS) as Field[];

/** Which columns are read for each field. */
export type ColumnMap = Readonly<Record<Field, readonly string[]>>;

/**
 * The table above, with what `--map` says before it: "field=column,field=column".
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a field that does not exist.
 */
export function columnMapFrom(text: string | undefined): ColumnMap {
  const chosen: Partial<Record<Field, string>> = {};
  for (const pair of text?.split(',') ?? []) {
    const [name = '', column = ''] = pair.split('=', 2).map((part) => part.trim());
    chosen[requireField(name, column)] = snakeCase(column);
  }
  const entries = FIELDS.map((field) => [field, chosen[field] ? [chosen[field]] : COLUMNS[field]]);
  return Object.fromEntries(entries) as ColumnMap;
}

function requireField(name: string, column: string): Field {
  const wanted = snakeCase(name);
  const field = FIELDS.find((known) => snakeCase(known) === wanted || named(known, wanted));
  if (field !== undefined && column !== '') return field;
  const near = nearestName(name, FIELDS);
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: field === undefined ? `--map "${name}" is not a field.` : `--map names no column for "${name}".`,
    cure: near === null ? `Fields are ${FIELDS.join(', ')}.` : `Write ${near}=<column>.`,
  });
}

function named(field: Field, name: string): boolean {
  return (COLUMNS[field] as readonly string[]).includes(name);
}

const NAMES_REMEMBERED = 1_000;
const snakeCased = new Map<string, string>();

/** Every record repeats its names. */
export function snakeCase(name: string): string {
  const known = snakeCased.get(name);
  if (known !== undefined) return known;
  const spaced = name.trim().replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  const snake = spaced.replace(/[\s-]+/g, '_').toLowerCase();
  if (snakeCased.size < NAMES_REMEMBERED) snakeCased.set(name, snake);
  return snake;
}
