-- Records one fact about a message batch. Without a token: facts only add up, so that one stored twice changes nothing.
INSERT INTO batch_owners
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
