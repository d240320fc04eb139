-- Makes generations count. Without a token: the same pointer twice is one row by its sort key.
INSERT INTO rollup_pointers
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
