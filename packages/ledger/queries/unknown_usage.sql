-- What the provider reported in [from, to) by when it ended and the recording version did not know, per field and value.
-- Grouping by text is of use for names only: a count would make a group of nearly every row, and a long text is no name.
-- An event repeats its fields on each of its lines, and a row may stand twice: events are counted, not rows.
SELECT
  field,
  value,
  toString(uniqExact(event_id)) AS attempts,
  toString(min(toUnixTimestamp64Milli(ended_at))) AS first_seen_ms,
  toString(max(toUnixTimestamp64Milli(ended_at))) AS last_seen_ms
FROM
(
  SELECT
    event_id,
    ended_at,
    entry.1 AS field,
    if(startsWith(entry.2, '"') AND length(entry.2) <= 66, substring(entry.2, 2, length(entry.2) - 2), '') AS value
  FROM usage_events
  ARRAY JOIN JSONExtractKeysAndValuesRaw(ifNull(unknown_usage, '{}')) AS entry
  WHERE organization = {organization:String}
    AND ended_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND ended_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND unknown_usage IS NOT NULL
)
GROUP BY field, value
ORDER BY field, value
