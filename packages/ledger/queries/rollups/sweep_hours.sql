-- Deletes what no pointer names from $rollup_hours: replaced generations and those of jobs that died. Not the young ones: a job may be
-- about to name them, and a query may be reading them.
DELETE FROM $rollup_hours
WHERE taken_at < now64(6) - toIntervalMillisecond({graceMs:Int64})
  AND (organization, hour, generation) NOT IN
  (
    SELECT organization, start, argMax(rollup_pointers.generation, rollup_pointers.taken_at)
    FROM rollup_pointers
    WHERE grain = 'hour'
    GROUP BY organization, start
  )
