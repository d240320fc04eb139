-- Every retention that has been in force since the tables were made, oldest first.
SELECT toString(toUnixTimestamp64Milli(applied_at)) AS applied_at_ms, raw_days
FROM retention_changes
ORDER BY applied_at, raw_days, provider_id_days
