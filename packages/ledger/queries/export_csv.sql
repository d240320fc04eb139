-- The rows of one organization that ended in [from, to), one copy of each line, in the order of the table, as CSV with a line of names.
SELECT *
FROM usage_events
WHERE organization = {organization:String}
  AND ended_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
LIMIT 1 BY event_id, line
FORMAT CSVWithNames
