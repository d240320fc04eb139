-- The days that wait to be added up, of all organizations, oldest first: all hours clean, and the pointer of the day is none or
-- made of other generations. Days that are not over are left alone: they would be added up every hour.
WITH
marks AS
(
  SELECT organization, hour, max(marked_at) AS last_marked_at
  FROM dirty_hours
  WHERE hour < toStartOfDay(now('UTC'))
  GROUP BY organization, hour
),
pointers AS
(
  SELECT organization, grain, start, argMax(generation, taken_at) AS last_generation, argMax(source, taken_at) AS last_source, max(taken_at) AS last_taken_at
  FROM rollup_pointers
  GROUP BY organization, grain, start
)
SELECT
  days.organization AS organization,
  toString(toUInt32(days.day)) AS day,
  arrayMap(hour -> toString(toUInt32(hour.1)), hours_of_day) AS hours,
  arrayMap(hour -> toString(hour.2), hours_of_day) AS generations,
  toString(made_of) AS source,
  toString(toUnixTimestamp64Micro(now64(6))) AS taken_at_micros
FROM
(
  SELECT
    marks.organization AS organization,
    toStartOfDay(marks.hour) AS day,
    groupArray((marks.hour, hour_pointers.last_generation)) AS hours_of_day,
    groupBitXor(sipHash64(marks.hour, hour_pointers.last_generation)) AS made_of,
    min(hour_pointers.last_generation != 0
      AND (hour_pointers.last_taken_at > marks.last_marked_at + toIntervalMillisecond({marginMs:Int64})
        OR marks.hour < toDateTime({frozenBeforeSeconds:Int64}, 'UTC'))) AS is_clean
  FROM marks
  LEFT JOIN (SELECT * FROM pointers WHERE grain = 'hour') AS hour_pointers
    ON hour_pointers.organization = marks.organization AND hour_pointers.start = marks.hour
  GROUP BY organization, day
) AS days
LEFT JOIN (SELECT * FROM pointers WHERE grain = 'day') AS day_pointers
  ON day_pointers.organization = days.organization AND day_pointers.start = days.day
WHERE is_clean AND (day_pointers.last_generation = 0 OR day_pointers.last_source != made_of)
ORDER BY days.day, days.organization
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
