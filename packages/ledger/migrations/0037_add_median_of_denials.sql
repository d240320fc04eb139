-- Of a denial because a budget was spent too fast: what the five minutes before cost, in the middle. Absent for any other reason.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS median_amount Nullable(Int64) CODEC(ZSTD(1))
