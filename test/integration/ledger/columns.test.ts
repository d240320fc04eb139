import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { NANO_USD_MAX } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  denialRecord,
  fixedClock,
  START_MS,
  segmentOf,
  settlement,
  usageEvent,
  usageLine,
} from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

/** Every field has a value that no other field has: a column that took the wrong one, or none, is seen. */
const event = usageEvent({
  eventId: 'event-1',
  callId: 'call-1',
  attemptNumber: 3,
  providerOrganizationId: 'org_provider',
  workspaceId: 'wrkspc_1',
  apiKeyId: 'apikey_1',
  apiKeyHint: 'sk-ant…1234',
  attribution: {
    team: 'the-team',
    feature: 'the-feature',
    environment: 'the-environment',
    userPseudonym: 'the-pseudonym',
    workflow: 'the-workflow',
    taskType: 'the-task',
    tags: { region: 'eu', tier: "gold's" },
  },
  backend: 'bedrock',
  requestModel: 'asked-model',
  requestId: 'req_1',
  messageId: 'msg_1',
  traceId: 'trace-1',
  startedAtMs: START_MS + 1,
  endedAtMs: START_MS + 2,
  budgetInstantMs: START_MS + 3,
  status: 'aborted',
  httpStatus: 206,
  errorCode: 'overloaded',
  stopReason: 'max_tokens',
  basis: 'estimated',
  streamed: true,
  latencyMs: 1234.5678,
  timeToFirstTokenMs: 7.25,
  configVersion: 77,
  stablePrefixHash: 'prefix-hash',
  stablePrefixBytes: 78,
  ladderSteps: [
    { step: 'trim', from: 9_000, to: 1_024 },
    { step: 'downgrade', from: 'dear', to: 'asked-model' },
  ],
  estimate: { expectedNanoUsd: 21n, worstNanoUsd: 9_223_372_036_854_775_807n, maxOutputTokens: 22 },
  unknownUsage: { new_field: [1, 'two'] },
  lines: [
    usageLine({
      line: 5,
      lineType: 'compaction',
      responseModel: 'answered-model',
      usage: {
        uncachedInputTokens: 11,
        cacheReadInputTokens: 12,
        cacheWrite5mInputTokens: 13,
        cacheWrite1hInputTokens: 14,
        cacheWriteUnsplitInputTokens: 15,
        outputTokens: 16,
        thinkingTokens: 17,
        webSearchRequests: 18,
        webFetchRequests: Number.MAX_SAFE_INTEGER,
      },
      serviceTier: 'priority',
      speed: 'fast',
      inferenceGeo: 'us',
      promptBand: 'long',
      billed: true,
      listCostNanoUsd: NANO_USD_MAX,
      contractedCostNanoUsd: -NANO_USD_MAX,
      webSearchCostNanoUsd: 19n,
      roundingPicoUsd: -499,
      priceId: 'price-1',
      flags: ['unpriced', 'assumed_ttl'],
    }),
  ],
});

const EVENT_ROW = {
  organization: 'acme',
  event_id: 'event-1',
  line: '5',
  line_type: 'compaction',
  call_id: 'call-1',
  attempt_number: '3',
  provider_organization_id: 'org_provider',
  workspace_id: 'wrkspc_1',
  api_key_id: 'apikey_1',
  api_key_hint: 'sk-ant…1234',
  team: 'the-team',
  feature: 'the-feature',
  environment: 'the-environment',
  user_pseudonym: 'the-pseudonym',
  workflow: 'the-workflow',
  task_type: 'the-task',
  tags: { region: 'eu', tier: "gold's" },
  backend: 'bedrock',
  request_model: 'asked-model',
  response_model: 'answered-model',
  request_id: 'req_1',
  message_id: 'msg_1',
  trace_id: 'trace-1',
  started_at: '2026-10-14 12:00:00.001',
  ended_at: '2026-10-14 12:00:00.002',
  budget_instant: '2026-10-14 12:00:00.003',
  status: 'aborted',
  http_status: '206',
  error_code: 'overloaded',
  stop_reason: 'max_tokens',
  basis: 'estimated',
  streamed: true,
  latency_ms: '1235',
  time_to_first_token_ms: '7',
  config_version: '77',
  stable_prefix_hash: 'prefix-hash',
  stable_prefix_bytes: '78',
  unknown_usage: '{"new_field":[1,"two"]}',
  uncached_input_tokens: '11',
  cache_read_input_tokens: '12',
  cache_write_5m_input_tokens: '13',
  cache_write_1h_input_tokens: '14',
  cache_write_unsplit_input_tokens: '15',
  output_tokens: '16',
  thinking_tokens: '17',
  web_search_requests: '18',
  web_fetch_requests: '9007199254740991',
  service_tier: 'priority',
  speed: 'fast',
  inference_geo: 'us',
  prompt_band: 'long',
  billed: true,
  list_cost_nano_usd: '9223372036854775807',
  contracted_cost_nano_usd: '-9223372036854775807',
  web_search_cost_nano_usd: '19',
  rounding_pico_usd: '-499',
  price_id: 'price-1',
  flags: ['unpriced', 'assumed_ttl'],
  ver: 4,
  ladder_steps:
    '[{"step":"trim","from":9000,"to":1024},{"step":"downgrade","from":"dear","to":"asked-model"}]',
  expected_nano_usd: '21',
  worst_nano_usd: '9223372036854775807',
  max_output_tokens: '22',
};

/** What is unknown stays unknown: null is neither '' nor 0. */
const bare = usageEvent({
  eventId: 'event-2',
  callId: 'event-2',
  stopReason: null,
  httpStatus: null,
  lines: [
    usageLine({
      serviceTier: null,
      priceId: null,
      billed: false,
      usage: { ...usageLine().usage, thinkingTokens: null },
    }),
  ],
});
const NULL_COLUMNS = [
  'api_key_hint',
  'api_key_id',
  'error_code',
  'expected_nano_usd',
  'http_status',
  'inference_geo',
  'ladder_steps',
  'max_output_tokens',
  'message_id',
  'price_id',
  'provider_organization_id',
  'request_id',
  'service_tier',
  'speed',
  'stable_prefix_bytes',
  'stable_prefix_hash',
  'stop_reason',
  'task_type',
  'thinking_tokens',
  'time_to_first_token_ms',
  'trace_id',
  'unknown_usage',
  'user_pseudonym',
  'workflow',
  'workspace_id',
  'worst_nano_usd',
];

describe('columns', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-columns-'));
  let tables: Tables;

  beforeAll(async () => {
    const store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock });
    const entries = [
      { key: 'a:day:1', amount: NANO_USD_MAX },
      { key: 'b:month:2', amount: -1n },
    ];
    await store.store(
      segmentOf([event, bare], {
        settlements: [
          settlement({ attemptId: 'event-1', kind: 'adjust', epoch: 'e9', seq: 2 ** 40, entries }),
        ],
        denials: [
          denialRecord({
            denialId: 'denial-1',
            reason: 'paused',
            configVersion: 7,
            attemptId: 'event-1',
            scope: {
              ...{
                feature: 'scoped-feature',
                environment: 'scoped-environment',
                workflow: 'scoped-workflow',
              },
              ...{ user: 'scoped-user', model: 'scoped-model' },
            },
            pool: { budgetId: 'the-pool', limit: 4n, spent: 3n, held: 2n, needed: 1n },
            median: 5n,
            enforced: false,
            attribution: event.attribution,
            atMs: START_MS + 9,
          }),
        ],
      }),
    );
    tables = openTables(directory);
    return () => store.close();
  });
  afterAll(async () => {
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  it('of usage_events each hold their own field of an event', async () => {
    expect(await tables.rows("SELECT * FROM usage_events WHERE event_id = 'event-1'")).toEqual([EVENT_ROW]);
  });

  it('of usage_events say the id of a call once: the first attempt has it', async () => {
    const rows = await tables.rows("SELECT call_id FROM usage_events WHERE event_id = 'event-2'");
    expect(rows).toEqual([{ call_id: '' }]);
  });

  it('of usage_events keep null apart from empty', async () => {
    const [row = {}] = await tables.rows("SELECT * FROM usage_events WHERE event_id = 'event-2'");
    const nulls = Object.keys(row).filter((column) => row[column] === null);
    expect(nulls.sort()).toEqual(NULL_COLUMNS);
    expect(row).toMatchObject({ billed: false, streamed: false, tags: {}, flags: [] });
  });

  it('of settlements each hold their own field of a settlement', async () => {
    expect(await tables.rows('SELECT * FROM settlements')).toEqual([
      {
        organization: 'acme',
        attempt_id: 'event-1',
        kind: 'adjust',
        epoch: 'e9',
        seq: '1099511627776',
        budget_instant: '2026-10-14 12:00:00.000',
        settled_at: '2026-10-14 12:00:01.600',
        keys: ['a:day:1', 'b:month:2'],
        amounts: ['9223372036854775807', '-1'],
        ver: 1,
      },
    ]);
  });

  it('of denials each hold their own field of a denial', async () => {
    expect(await tables.rows('SELECT * FROM denials')).toEqual([
      {
        organization: 'acme',
        denial_id: 'denial-1',
        attempt_id: 'event-1',
        budget_id: 'support-month',
        scope_team: null,
        scope_feature: 'scoped-feature',
        scope_environment: 'scoped-environment',
        scope_workflow: 'scoped-workflow',
        scope_user: 'scoped-user',
        scope_model: 'scoped-model',
        unit: 'month',
        time_zone: 'Europe/Berlin',
        period_start: '2026-09-30 22:00:00.000',
        period_end: '2026-10-31 23:00:00.000',
        limit_amount: '500000000000',
        spent_amount: '498200000000',
        held_amount: '1900000000',
        needed_amount: '420000000',
        retry_at: '2026-10-31 23:00:00.000',
        denied_at: '2026-10-14 12:00:00.009',
        enforced: false,
        team: 'the-team',
        feature: 'the-feature',
        environment: 'the-environment',
        user_pseudonym: 'the-pseudonym',
        workflow: 'the-workflow',
        task_type: 'the-task',
        tags: { region: 'eu', tier: "gold's" },
        request_model: 'claude-sonnet-4-5',
        ver: 1,
        reason: 'paused',
        config_version: '7',
        measure: 'usd',
        pool_id: 'the-pool',
        pool_limit_amount: '4',
        pool_spent_amount: '3',
        pool_held_amount: '2',
        pool_needed_amount: '1',
        median_amount: '5',
      },
    ]);
  });
});
