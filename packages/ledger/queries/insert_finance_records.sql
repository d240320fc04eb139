-- Records one number of one subject. The token names the number, not the record: a second record of the same number is dropped.
INSERT INTO finance_records
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
