-- Which days of an organization can be read from a rollup of days, by which generation; generation 0 of those that cannot, and
-- which of their hours cannot be read from one of hours either.
-- An hour is clean when a pointer to it was taken more than {marginMs} after its last mark, which is longer than an insert can
-- lie between its mark and its rows; or when its rows may be gone, so that what was added up is all there is.
-- A day is fresh when all its hours are clean and its pointer was made of exactly their generations; without a pointer its
-- generation is 0 by itself. Marks and pointers are stacked, not joined: most of the time of this statement goes into planning.
SELECT
  toString(toUInt32(toStartOfDay(start))) AS day,
  arraySort(groupArrayIf(toString(toUInt32(start)), is_marked AND NOT is_clean)) AS dirty_hours,
  if(
    notEmpty(dirty_hours)
      OR maxIf(last_source, grain = 'day') != groupBitXorIf(sipHash64(start, last_generation), is_marked),
    '0',
    toString(maxIf(last_generation, grain = 'day'))
  ) AS generation
FROM
(
  SELECT
    grain,
    start,
    argMax(generation, taken_at) AS last_generation,
    argMax(source, taken_at) AS last_source,
    max(marked_at) AS last_marked_at,
    last_marked_at > toDateTime64(0, 6, 'UTC') AS is_marked,
    last_generation != 0
      AND (max(taken_at) > last_marked_at + toIntervalMillisecond({marginMs:Int64})
        OR start < toDateTime({frozenBeforeSeconds:Int64}, 'UTC')) AS is_clean
  FROM
  (
    SELECT
      'hour' AS grain,
      hour AS start,
      marked_at,
      toDateTime64(0, 6, 'UTC') AS taken_at,
      toUInt64(0) AS generation,
      toUInt64(0) AS source
    FROM dirty_hours
    WHERE organization = {organization:String}
      AND start >= toDateTime({fromSeconds:Int64}, 'UTC')
      AND start < toDateTime({toSeconds:Int64}, 'UTC')

    UNION ALL

    SELECT grain, start, toDateTime64(0, 6, 'UTC') AS marked_at, taken_at, generation, source
    FROM rollup_pointers
    WHERE organization = {organization:String}
      AND start >= toDateTime({fromSeconds:Int64}, 'UTC')
      AND start < toDateTime({toSeconds:Int64}, 'UTC')
  )
  GROUP BY grain, start
)
GROUP BY toStartOfDay(start)
