-- What every budget period that is still alive has been charged. A key lives while one of its settlements is younger than
-- {liveFromMs}; its sum then reaches back to {sumFromMs}, a longest period earlier, so that no total is cut in the middle.
-- An attempt is settled once and released once, whatever was recorded twice in two epochs; adjustments all count.
WITH deduplicated AS
(
  SELECT attempt_id, kind, epoch, seq, budget_instant, keys, amounts
  FROM settlements
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({sumFromMs:Int64}, 'UTC')
  ORDER BY settled_at, epoch, seq
  LIMIT 1 BY attempt_id, kind, if(kind = 'adjust', (epoch, seq), ('', 0))
)
SELECT key, toString(sum(toInt128(amount))) AS amount_nano_usd
FROM deduplicated
ARRAY JOIN keys AS key, amounts AS amount
GROUP BY key
HAVING max(budget_instant) >= fromUnixTimestamp64Milli({liveFromMs:Int64}, 'UTC')
ORDER BY key
