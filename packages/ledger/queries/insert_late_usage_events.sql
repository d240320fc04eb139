-- Stores rows that came too late for their hours. Settings as in insert_usage_events.
INSERT INTO late_usage_events
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  max_partitions_per_insert_block = 0,
  input_format_parallel_parsing = 0,
  input_format_null_as_default = 0,
  input_format_with_names_use_header = 1,
  input_format_skip_unknown_fields = 0
FORMAT JSONCompactEachRowWithNames
