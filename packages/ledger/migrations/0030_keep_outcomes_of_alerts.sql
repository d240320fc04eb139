-- What became of an alert: waiting, told or untold, by whom or why, and when.
ALTER TABLE alerts_sent
  ADD COLUMN IF NOT EXISTS outcome LowCardinality(String),
  ADD COLUMN IF NOT EXISTS detail String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ended_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
