-- Whose a number is: of two who wrote it, the one that stands.
SELECT record_id
FROM finance_records
WHERE organization = {organization:String}
  AND kind = {kind:String}
  AND subject = {subject:String}
  AND number = {number:UInt32}
LIMIT 1
