-- Which days of an organization cannot be read from a rollup of days, and which of their hours not from one of hours either.
-- An hour is clean when a pointer to it was taken more than {marginMs} after its last mark, which is longer than an insert can
-- lie between its mark and its rows; or when its rows may be gone, so that what was added up is all there is.
-- A day is fresh when all its hours are clean and its pointer was made of exactly their generations.
WITH
marks AS
(
  SELECT hour, max(marked_at) AS last_marked_at
  FROM dirty_hours
  WHERE organization = {organization:String}
    AND hour >= toDateTime({fromSeconds:Int64}, 'UTC')
    AND hour < toDateTime({toSeconds:Int64}, 'UTC')
  GROUP BY hour
),
pointers AS
(
  SELECT grain, start, argMax(generation, taken_at) AS last_generation, argMax(source, taken_at) AS last_source, max(taken_at) AS last_taken_at
  FROM rollup_pointers
  WHERE organization = {organization:String}
  GROUP BY grain, start
),
hours AS
(
  SELECT
    marks.hour AS hour,
    hour_pointers.last_generation AS generation,
    hour_pointers.last_generation != 0
      AND (hour_pointers.last_taken_at > marks.last_marked_at + toIntervalMillisecond({marginMs:Int64})
        OR marks.hour < toDateTime({frozenBeforeSeconds:Int64}, 'UTC')) AS is_clean
  FROM marks
  LEFT JOIN (SELECT * FROM pointers WHERE grain = 'hour') AS hour_pointers ON hour_pointers.start = marks.hour
)
SELECT
  toString(toUInt32(day)) AS day,
  arrayMap(hour -> toString(toUInt32(hour)), arraySort(dirty_hours_of_day)) AS dirty_hours
FROM
(
  SELECT
    toStartOfDay(hour) AS day,
    groupArrayIf(hour, NOT is_clean) AS dirty_hours_of_day,
    groupBitXor(sipHash64(hour, generation)) AS made_of
  FROM hours
  GROUP BY day
) AS days
LEFT JOIN (SELECT * FROM pointers WHERE grain = 'day') AS day_pointers ON day_pointers.start = days.day
WHERE notEmpty(dirty_hours_of_day) OR day_pointers.last_generation = 0 OR day_pointers.last_source != made_of
ORDER BY days.day
SETTINGS join_use_nulls = 0
