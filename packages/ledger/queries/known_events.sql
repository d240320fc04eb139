-- Which of these events an organization has in [from, to) of the budget instant, on time or late.
SELECT event_id
FROM usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}

UNION DISTINCT

SELECT event_id
FROM late_usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}
