-- Records one pull of a report. Without a token: the same pull twice is one row by its sort key, which holds its hash.
INSERT INTO report_versions
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
