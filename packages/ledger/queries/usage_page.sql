-- One page of an organization's rows in [from, to) by budget instant, one copy of each (event, line), in the order of the sort key:
-- the engine reads from the cursor on and stops when the page is full. Integers are not quoted, amounts are texts.
SELECT
  organization,
  event_id,
  call_id,
  attempt_number,
  provider_organization_id,
  workspace_id,
  api_key_id,
  api_key_hint,
  team,
  feature,
  environment,
  user_pseudonym,
  workflow,
  task_type,
  tags,
  backend,
  request_model,
  request_id,
  message_id,
  trace_id,
  toUnixTimestamp64Milli(started_at) AS started_at_ms,
  toUnixTimestamp64Milli(ended_at) AS ended_at_ms,
  toUnixTimestamp64Milli(budget_instant) AS budget_instant_ms,
  status,
  http_status,
  error_code,
  stop_reason,
  basis,
  streamed,
  latency_ms,
  time_to_first_token_ms,
  config_version,
  stable_prefix_hash,
  stable_prefix_bytes,
  unknown_usage,
  ver,
  line,
  line_type,
  response_model,
  uncached_input_tokens,
  cache_read_input_tokens,
  cache_write_5m_input_tokens,
  cache_write_1h_input_tokens,
  cache_write_unsplit_input_tokens,
  output_tokens,
  thinking_tokens,
  web_search_requests,
  web_fetch_requests,
  service_tier,
  speed,
  inference_geo,
  prompt_band,
  billed,
  toString(list_cost_nano_usd) AS list_cost_nano_usd_text,
  toString(contracted_cost_nano_usd) AS contracted_cost_nano_usd_text,
  toString(web_search_cost_nano_usd) AS web_search_cost_nano_usd_text,
  rounding_pico_usd,
  price_id,
  flags,
  ladder_steps,
  toUnixTimestamp(toStartOfHour(budget_instant)) AS hour_seconds
FROM usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (toStartOfHour(budget_instant), team, feature, event_id)
    > (toDateTime({afterHour:Int64}, 'UTC'), {afterTeam:String}, {afterFeature:String}, {afterEvent:String})
ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
LIMIT 1 BY event_id, line
LIMIT {maxRows:UInt32}
SETTINGS output_format_json_quote_64bit_integers = 0
