-- How many hours of one organization in [from, to) wait to be added up.
SELECT toString(count()) AS hours
FROM
(
  SELECT
    start,
    maxIf(at, is_mark) AS last_marked_at,
    maxIf(at, NOT is_mark) AS last_taken_at
  FROM
  (
    SELECT hour AS start, marked_at AS at, true AS is_mark
    FROM dirty_hours
    WHERE organization = {organization:String}

    UNION ALL

    SELECT start, taken_at AS at, false AS is_mark
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
  )
  WHERE start >= toDateTime({fromSeconds:Int64}, 'UTC')
    AND start < toDateTime({toSeconds:Int64}, 'UTC')
    AND start >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')
  GROUP BY start
  HAVING last_marked_at + toIntervalMillisecond({marginMs:Int64}) < now64(6)
    AND last_taken_at <= last_marked_at + toIntervalMillisecond({marginMs:Int64})
)
