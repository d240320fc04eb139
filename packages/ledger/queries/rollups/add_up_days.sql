-- Adds up days of $rollup_days from the generations of the hours that count, all of them given, as a generation of their own.
INSERT INTO $rollup_days
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
SELECT
  organization,
  toStartOfDay(hour) AS day,
  toStartOfDay(ended_hour) AS ended_day,
  -- each dimension of $rollup: $column,
  {generation:UInt64} AS day_generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS day_taken_at,
  -- each count: sum($name) AS sum_$name,
  -- each count: groupUniqArrayArray(split_$name) AS all_split_$name,
  -- each sum: sum(toInt128($name)) AS sum_$name,
FROM $rollup_hours
WHERE organization IN {organizations:Array(String)}
  AND (organization, hour, generation) IN
  (
    SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC'), toUInt64(chosen.3)
    FROM
    (
      SELECT arrayJoin(arrayZip(
        {organizations:Array(String)},
        {hours:Array(String)},
        {generations:Array(String)}
      )) AS chosen
    )
  )
GROUP BY ALL
