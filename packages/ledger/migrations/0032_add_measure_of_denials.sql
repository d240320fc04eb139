-- Which unit they are in; rows from before are all in nano-USD.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS measure LowCardinality(String) DEFAULT 'usd'
