-- Which of these attempts a gate has ended, of those that were held since an instant.
SELECT DISTINCT attempt_id
FROM settlements
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND attempt_id IN {attemptIds:Array(String)}
