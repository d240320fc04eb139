-- Which rows of these events are there already: asked before rows are sent whose token may have been forgotten. By line, because the
-- corrections of an event come later than itself.
SELECT event_id, toString(line) AS line
FROM usage_events
WHERE organization IN {organizations:Array(String)}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}

UNION DISTINCT

SELECT event_id, toString(line) AS line
FROM late_usage_events
WHERE organization IN {organizations:Array(String)}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}
