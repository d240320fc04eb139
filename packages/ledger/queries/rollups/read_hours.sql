-- What one organization spent in the hours that the range holds whole, by what $rollup_hours distinguishes, less what is read from
-- days: fresh days, as far as the instant lies in a day that the range holds whole. Dirty hours are left to rows.
WITH if({by:String} = 'budget', hour, ended_hour) AS instant
SELECT
  -- each dimension of $rollup: $column AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  -- each count: sum($name) + uniqExactArray(split_$name) AS sum_$name,
  sumForEach([
    -- each sum: toInt128($name),
  ]) AS sums
FROM $rollup_hours
WHERE organization = {organization:String}
  AND instant >= toDateTime({hourFrom:Int64}, 'UTC')
  AND instant < toDateTime({hourTo:Int64}, 'UTC')
  AND (
    has({staleDays:Array(String)}, toString(toUInt32(toStartOfDay(hour))))
    OR instant < toDateTime({dayFrom:Int64}, 'UTC')
    OR instant >= toDateTime({dayTo:Int64}, 'UTC')
  )
  AND NOT has({dirtyHours:Array(String)}, toString(toUInt32(hour)))
  AND (hour, generation) IN
  (
    SELECT start, argMax(generation, taken_at)
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
    GROUP BY start
  )
  -- each dimension of $rollup: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $column) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
SETTINGS output_format_json_quote_64bit_integers = 1
