-- Invoices, closed periods and the statements frozen with them: body is the JSON of the package that wrote it. Never edited; a
-- correction is the next number of its subject. The insert's token is the number: of two writers of one, the first stands.
CREATE TABLE IF NOT EXISTS finance_records (
  organization LowCardinality(String),
  kind LowCardinality(String),
  subject String CODEC(ZSTD(1)),
  number UInt32,
  record_id String CODEC(ZSTD(1)),
  recorded_at DateTime64(3, 'UTC'),
  actor String CODEC(ZSTD(1)),
  reason String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (organization, kind, subject, number)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
