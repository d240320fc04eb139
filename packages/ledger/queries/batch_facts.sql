-- All that was recorded of one message batch, oldest first.
SELECT
  fact,
  toString(toUnixTimestamp64Milli(instant)) AS instant_ms,
  owner AS body
FROM batch_owners
WHERE organization = {organization:String} AND batch_id = {batchId:String}
ORDER BY recorded_at, fact, body
