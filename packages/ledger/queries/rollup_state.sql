-- Which days of an organization can be read from a rollup of days, by which generation; generation 0 of those that cannot, and
-- which of their hours cannot be read from one of hours either.
-- An hour is clean when a pointer to it was taken more than {marginMs} after its last mark, which is longer than an insert can
-- lie between its mark and its rows; or when its rows may be gone, so that what was added up is all there is.
-- A day is fresh when all its hours are clean and its pointer was made of exactly their generations. Marks and pointers are
-- stacked, not joined: half of the time of this statement would go into planning joins.
SELECT
  toString(toUInt32(day)) AS day,
  arrayMap(dirty -> toString(toUInt32(dirty)), arraySort(dirty_hours_of_day)) AS dirty_hours,
  if(notEmpty(dirty_hours_of_day) OR day_pointers = 0 OR last_made_of != made_of, '0', toString(day_generation)) AS generation
FROM
(
  SELECT
    toStartOfDay(hour) AS day,
    groupArrayIf(hour, grain = 'hour' AND is_marked AND NOT is_clean) AS dirty_hours_of_day,
    groupBitXorIf(sipHash64(hour, last_generation), grain = 'hour' AND is_marked) AS made_of,
    maxIf(last_source, grain = 'day') AS last_made_of,
    maxIf(last_generation, grain = 'day') AS day_generation,
    countIf(grain = 'day') AS day_pointers
  FROM
  (
    SELECT
      grain,
      hour,
      max(marked_at) AS last_marked_at,
      max(taken_at) AS last_taken_at,
      argMax(generation, taken_at) AS last_generation,
      argMax(source, taken_at) AS last_source,
      last_marked_at > toDateTime64(0, 6, 'UTC') AS is_marked,
      last_generation != 0
        AND (last_taken_at > last_marked_at + toIntervalMillisecond({marginMs:Int64})
          OR hour < toDateTime({frozenBeforeSeconds:Int64}, 'UTC')) AS is_clean
    FROM
    (
      SELECT
        'hour' AS grain,
        hour,
        marked_at,
        toDateTime64(0, 6, 'UTC') AS taken_at,
        toUInt64(0) AS generation,
        toUInt64(0) AS source
      FROM dirty_hours
      WHERE organization = {organization:String}
        AND hour >= toDateTime({fromSeconds:Int64}, 'UTC')
        AND hour < toDateTime({toSeconds:Int64}, 'UTC')

      UNION ALL

      SELECT grain, start AS hour, toDateTime64(0, 6, 'UTC') AS marked_at, taken_at, generation, source
      FROM rollup_pointers
      WHERE organization = {organization:String}
        AND start >= toDateTime({fromSeconds:Int64}, 'UTC')
        AND start < toDateTime({toSeconds:Int64}, 'UTC')
    )
    GROUP BY grain, hour
  )
  GROUP BY day
) AS days
ORDER BY days.day
