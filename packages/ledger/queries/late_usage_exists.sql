-- Whether an organization has any row that came too late for its hour: mostly it has none, and the sums need not look for them.
SELECT event_id
FROM late_usage_events
WHERE organization = {organization:String}
LIMIT 1
