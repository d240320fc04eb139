-- How many rows an organization has in [from, to), by budget instant (denials: by when they were answered).
SELECT
  toString(lines_stored.events) AS events,
  toString(lines_stored.lines) AS lines,
  toString(lines_stored.stored - lines_stored.lines) AS duplicates,
  toString(settled.settlements) AS settlements,
  toString(denied.denials) AS denials
FROM
(
  SELECT uniqExact(event_id) AS events, uniqExact(event_id, line) AS lines, count() AS stored
  FROM
  (
    SELECT event_id, line
    FROM usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')

    UNION ALL

    SELECT event_id, line
    FROM late_usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
) AS lines_stored
CROSS JOIN
(
  SELECT uniqExact(epoch, seq, attempt_id, kind) AS settlements
  FROM settlements
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
) AS settled
CROSS JOIN
(
  SELECT uniqExact(denial_id) AS denials
  FROM denials
  WHERE organization = {organization:String}
    AND denied_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND denied_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
) AS denied
