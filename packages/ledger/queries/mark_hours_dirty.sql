-- Marks the hours of one organization in [from, to) that have rows, so that they are added up again: as if their last rows had come
-- in just long enough ago to have settled. Hours that were added up in the last {doneForMs} are left, and frozen ones, whose rows may be gone.
INSERT INTO dirty_hours
SETTINGS async_insert = 0, insert_deduplicate = 0
SELECT {organization:String} AS organization, hour, now64(6) - toIntervalMillisecond({marginMs:Int64}) AS marked_at
FROM
(
  SELECT DISTINCT toStartOfHour(budget_instant) AS hour
  FROM usage_events
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
)
WHERE hour >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')
  AND hour NOT IN
  (
    SELECT start
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
    GROUP BY start
    HAVING max(taken_at) >= now64(6) - toIntervalMillisecond({doneForMs:Int64})
  )
