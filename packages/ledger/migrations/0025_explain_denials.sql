-- What said no, and in which configuration; rows from before tell neither.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS reason LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS config_version Nullable(UInt64)
