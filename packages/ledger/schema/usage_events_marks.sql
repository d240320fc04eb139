-- Marks the hours that an insert into usage_events touches. It sees what an insert brings, copies and retries too: that is why
-- it marks and does not add up. A retry whose rows are dropped as known still marks, so a crash between the two heals.
CREATE MATERIALIZED VIEW IF NOT EXISTS usage_events_marks TO dirty_hours AS
SELECT organization, toStartOfHour(budget_instant) AS hour, now64(6) AS marked_at
FROM usage_events
GROUP BY organization, hour
