-- What finance recorded of one kind; an empty subject means all of them.
SELECT
  subject,
  number,
  record_id,
  toString(toUnixTimestamp64Milli(recorded_at)) AS recorded_at_ms,
  actor,
  reason,
  body
FROM finance_records
WHERE organization = {organization:String}
  AND kind = {kind:String}
  AND ({subject:String} = '' OR subject = {subject:String})
ORDER BY subject, number
LIMIT 1 BY subject, number
