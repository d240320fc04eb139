-- Adds up the chosen hours of $rollup_hours from one copy of each (event, line), as a generation that no pointer names yet. The chosen
-- hours lie in [from, to), which spares the engine other months. An event with a line beyond line 0 is kept by id.
-- Lines from 1000 on are corrections of others: they add money, and no event is kept by id for them.
INSERT INTO $rollup_hours
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
WITH several_lines AS
(
  SELECT event_id
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND line > 0 AND line < 1000
)
SELECT
  organization,
  toStartOfHour(budget_instant) AS hour,
  toStartOfHour(ended_at) AS ended_hour,
  -- each dimension of $rollup: $value AS of_$column,
  {generation:UInt64} AS generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS taken_at,
  -- each count: countIf(is_whole AND ($value)) AS sum_$name,
  -- each count: groupUniqArrayIf(event_id, is_split AND ($value)) AS all_split_$name,
  -- each sum: sum(toInt128($value)) AS sum_$name,
FROM
(
  SELECT *, line = 0 AND event_id NOT IN (several_lines) AS is_whole, line < 1000 AND NOT is_whole AS is_split
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
GROUP BY ALL
