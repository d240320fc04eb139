-- Owners of the message batches that were created since an instant.
SELECT DISTINCT owner AS body
FROM batch_owners
WHERE organization = {organization:String}
  AND fact = 'owner'
  AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
