-- Spend of one organization in [from, to) from its rows, by whatever is asked.
-- Sums are taken over one copy of each (event, line), whatever was stored twice. Reading in the order of the sort key makes
-- the choice among copies the same each time, and lets the engine stream instead of sorting.
-- Lines from 1000 on correct others: they add money, wherever it moves to, and are no attempt.
-- {rows} is usage_events, or late_usage_events for those that came too late for their hours.
-- {part} 'rest': only what rollups leave, which is rows of dirty hours and of instants outside of the range's whole hours.
SELECT
  -- each dimension: $value AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  -- each count: uniqExactIf(event_id, line < 1000 AND ($value)) AS sum_$name,
  sumForEach([
    -- each sum: toInt128($value),
  ]) AS sums
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM {rows:Identifier}
  WHERE organization = {organization:String}
    AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND (
      {part:String} != 'rest'
      OR toStartOfHour(budget_instant) IN
      (
        SELECT toDateTime(toUInt32(arrayJoin({dirtyHours:Array(String)})), 'UTC')
      )
      OR instant < toDateTime64({hourFrom:Int64}, 3, 'UTC')
      OR instant >= toDateTime64({hourTo:Int64}, 3, 'UTC')
    )
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
WHERE true
  -- each dimension: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $value) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
ORDER BY ALL
SETTINGS output_format_json_quote_64bit_integers = 1
