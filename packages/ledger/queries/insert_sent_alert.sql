-- Records one announced threshold. Without a token: the same record twice is one row by its sort key.
INSERT INTO alerts_sent
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
