-- How many attempts budgets of one organization denied in [from, to), or would have denied where they only observe, by dimensions.
-- An attempt that several budgets deny is one; a call that is asked again after a denial is asked as another attempt.
WITH denied_at AS instant
SELECT
  -- each dimension of denials: $value AS group_$name, -- grouped by $name
  -- each time: $value AS group_$name, -- grouped by $name
  toString(uniqExactIf(attempt_id, enforced)) AS denied_attempts,
  toString(uniqExactIf(attempt_id, NOT enforced)) AS would_be_denied_attempts
FROM denials
WHERE organization = {organization:String}
  AND denied_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND denied_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  -- each dimension of denials: AND has(JSONExtract({filter:String}, '$name', 'Array(String)'), $value) -- filtered by $name
GROUP BY ALL
HAVING count() > 0
