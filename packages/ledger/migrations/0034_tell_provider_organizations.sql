-- One organization of ours may be billed as several of the provider's: which one a report is about is part of what it is.
ALTER TABLE report_versions
  ADD COLUMN IF NOT EXISTS provider_organization_id LowCardinality(String),
  MODIFY ORDER BY (organization, report, range_start, range_end, pulled_at, body_hash, provider_organization_id)
