-- Marks the hours of rows that are older than the marks, so that they are added up too. Once more does no harm.
INSERT INTO dirty_hours
SETTINGS async_insert = 0, insert_deduplicate = 0
SELECT organization, toStartOfHour(budget_instant) AS hour, now64(6) AS marked_at
FROM usage_events
GROUP BY organization, hour
