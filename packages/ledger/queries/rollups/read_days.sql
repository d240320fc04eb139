-- What one organization spent in the days that the range holds whole, by what $rollup_days distinguishes: of each day the generation
-- that rollup_state called fresh just before. Stale days are left to hours. By the budget's time, {freshDays} lie in the range.
-- Most of its time goes into planning, which a look at projections, a condition more or a sum more lengthen.
WITH if({by:String} = 'budget', day, ended_day) AS instant
SELECT
  -- each dimension of $rollup: $column AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  -- each count: sum($name) + uniqExactArray(split_$name) AS sum_$name,
  sumForEach([
    -- each sum: toInt128($name),
  ]) AS sums
FROM $rollup_days
WHERE organization = {organization:String}
  AND (day, generation) IN {freshDays:Array(Tuple(DateTime, UInt64))}
  AND (
    {by:String} = 'budget'
    OR ended_day >= toDateTime({dayFrom:Int64}, 'UTC') AND ended_day < toDateTime({dayTo:Int64}, 'UTC')
  )
  -- each dimension of $rollup: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $column) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
SETTINGS
  output_format_json_quote_64bit_integers = 1,
  compile_expressions = 0,
  compile_aggregate_expressions = 0,
  optimize_use_projections = 0,
  optimize_use_implicit_projections = 0
