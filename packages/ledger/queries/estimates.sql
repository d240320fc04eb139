-- What attempts admitted in [from, to) were expected to cost and could cost at most, against what they were charged, by team,
-- feature, requested model and the power of two that max_tokens reaches.
-- Compared is what the provider reported and charged to us; other attempts with an estimate are left out and counted. Corrections
-- have none: they know prices that the estimate could not know.
SELECT
  team,
  feature,
  request_model,
  toString(output_tokens_from) AS max_output_tokens_from,
  toString(countIf(is_compared)) AS attempts,
  toString(countIf(NOT is_compared)) AS left_out_attempts,
  toString(sumIf(toInt128(expected), is_compared)) AS expected_nano_usd,
  toString(sumIf(toInt128(worst), is_compared)) AS worst_nano_usd,
  toString(sumIf(charged, is_compared)) AS charged_nano_usd,
  toString(countIf(is_compared AND charged > expected)) AS above_expected,
  toString(countIf(is_compared AND charged > worst)) AS above_worst
FROM
(
  SELECT
    team,
    feature,
    any(asked_model) AS request_model,
    any(output_class) AS output_tokens_from,
    any(expected_at_admission) AS expected,
    any(worst_at_admission) AS worst,
    sum(toInt128(contracted_cost_nano_usd)) AS charged,
    min(is_certain) = 1 AS is_compared
  FROM
  (
    SELECT
      organization,
      toStartOfHour(budget_instant) AS hour,
      team,
      feature,
      event_id,
      line,
      request_model AS asked_model,
      if(max_output_tokens > 0, bitShiftLeft(toUInt64(1), toUInt8(floor(log2(max_output_tokens)))), 0) AS output_class,
      assumeNotNull(expected_nano_usd) AS expected_at_admission,
      assumeNotNull(worst_nano_usd) AS worst_at_admission,
      contracted_cost_nano_usd,
      basis = 'reported' AND status != 'error' AND NOT has(flags, 'billed_to_user_profile') AS is_certain
    FROM usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
      AND worst_nano_usd IS NOT NULL
    ORDER BY organization, hour, team, feature, event_id, line
    LIMIT 1 BY event_id, line
  )
  GROUP BY organization, hour, team, feature, event_id
)
GROUP BY team, feature, request_model, output_tokens_from
ORDER BY
  countIf(is_compared AND charged > worst) DESC,
  sumIf(charged, is_compared) DESC,
  team,
  feature,
  request_model,
  output_tokens_from
SETTINGS output_format_json_quote_64bit_integers = 1
