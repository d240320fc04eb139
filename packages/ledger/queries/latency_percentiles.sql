-- Latencies of the attempts of one organization in [from, to), by whatever is asked. Percentiles are exact: no rollup could give
-- them. One copy of each attempt counts, read as in spend.sql.
SELECT
  -- each dimension: $value AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  toString(countIf(latency_ms > 0)) AS timed_attempts,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(latency_ms, latency_ms > 0) AS attempt_latency_ms,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(
    assumeNotNull(time_to_first_token_ms),
    time_to_first_token_ms IS NOT NULL
  ) AS first_token_ms
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM usage_events
  WHERE organization = {organization:String}
    AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
WHERE line = 0
  -- each dimension: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $value) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
