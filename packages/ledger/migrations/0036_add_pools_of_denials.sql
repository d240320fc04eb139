-- The pool that did not have what the budget lacked; null where the budget has none.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS pool_id LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS pool_limit_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_spent_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_held_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_needed_amount Nullable(Int64) CODEC(ZSTD(1))
