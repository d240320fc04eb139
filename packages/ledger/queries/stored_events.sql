-- Which of these events have rows already: asked before a segment is sent again whose token may have been forgotten.
SELECT DISTINCT event_id
FROM usage_events
WHERE organization IN {organizations:Array(String)}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}
