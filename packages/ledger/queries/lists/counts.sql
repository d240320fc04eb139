-- What is counted by event, not by row: which events, and the name of the count. Rollups have a column for those that stand in
-- one row only, and one of ids, split_<name>, for the others.
true AS attempts,
attempt_number = 1 AS calls,
status = 'error' AS failed_attempts,
