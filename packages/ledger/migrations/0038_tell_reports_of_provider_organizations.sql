-- Whose bill a report is about, where several are ours. What was stored before may say so in its body.
ALTER TABLE reports
  ADD COLUMN IF NOT EXISTS provider_organization_id LowCardinality(String)
    DEFAULT JSONExtractString(body, 'providerOrganizationId')
