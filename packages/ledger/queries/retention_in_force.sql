-- What the tables say themselves: a change that was recorded and not made, or made by hand, is seen.
SELECT
  toUInt32OrZero(extract(engine_full, 'TTL toDateTime\\(budget_instant\\) \\+ toIntervalDay\\((?:_CAST\\()?(\\d+)')) AS raw_days,
  toUInt32OrZero(extract(create_table_query, '`request_id`[^`]*toIntervalDay\\((?:_CAST\\()?(\\d+)')) AS provider_id_days
FROM system.tables
WHERE database = currentDatabase() AND name = 'usage_events'
