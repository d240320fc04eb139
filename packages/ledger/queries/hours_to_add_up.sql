-- The hours that wait to be added up, of all organizations, oldest first: dirty, quiet for {marginMs}, and with all their rows.
-- taken_at is read before any row is: what is inserted from now on leaves a younger mark.
SELECT
  marks.organization AS organization,
  toString(toUInt32(marks.hour)) AS hour,
  toString(toUnixTimestamp64Micro(now64(6))) AS taken_at_micros
FROM
(
  SELECT organization, hour, max(marked_at) AS last_marked_at
  FROM dirty_hours
  GROUP BY organization, hour
) AS marks
LEFT JOIN
(
  SELECT organization, start, max(taken_at) AS last_taken_at, 1 AS is_known
  FROM rollup_pointers
  WHERE grain = 'hour'
  GROUP BY organization, start
) AS pointers ON pointers.organization = marks.organization AND pointers.start = marks.hour
WHERE last_marked_at + toIntervalMillisecond({marginMs:Int64}) < now64(6)
  AND (is_known = 0 OR (last_taken_at <= last_marked_at + toIntervalMillisecond({marginMs:Int64})
    AND marks.hour >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')))
ORDER BY marks.hour, marks.organization
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
