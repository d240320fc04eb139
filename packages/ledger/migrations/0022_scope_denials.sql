-- Budgets can be limited by more than team and feature; rows from before name none of these.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS scope_environment LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_workflow LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_user LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_model LowCardinality(Nullable(String))
