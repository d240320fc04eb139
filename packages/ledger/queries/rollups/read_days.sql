-- What one organization spent in the days that the range holds whole, by what $rollup_days distinguishes: of each day the generation
-- that rollup_state called fresh just before. Stale days are left to hours.
WITH if({by:String} = 'budget', day, ended_day) AS instant
SELECT
  -- each dimension of $rollup: $column AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  -- each count: sum($name) + uniqExactArray(split_$name) AS sum_$name,
  -- each sum: sum(toInt128($name)) AS sum_$name,
FROM $rollup_days
WHERE organization = {organization:String}
  AND instant >= toDateTime({dayFrom:Int64}, 'UTC')
  AND instant < toDateTime({dayTo:Int64}, 'UTC')
  AND (day, generation) IN {freshDays:Array(Tuple(DateTime, UInt64))}
  -- each dimension of $rollup: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $column) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
SETTINGS output_format_json_quote_64bit_integers = 1, compile_expressions = 0, compile_aggregate_expressions = 0
