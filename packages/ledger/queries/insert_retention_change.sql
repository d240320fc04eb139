-- Records what was made the retention, before it is: a crash in between repeats both.
INSERT INTO retention_changes
SETTINGS async_insert = 0, insert_deduplicate = 0, input_format_skip_unknown_fields = 0
SELECT now64(6), {rawDays:UInt32}, {providerIdDays:UInt32}
