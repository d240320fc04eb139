-- The thresholds that were announced in the periods of an organization that begin in [from, to); of two records the earlier crossing, and
-- what became of it. The second part of a key is the unit of its period, perhaps behind the measure, the third when it begins. A unit that
-- is not listed may be as long as the longest.
SELECT
  budget_key AS key,
  threshold_percent,
  toString(spent_amount) AS spent,
  toString(limit_amount) AS limit_then,
  toString(toUnixTimestamp64Milli(crossed_at)) AS crossed_at_ms,
  outcome,
  detail,
  toString(toUnixTimestamp64Milli(ended_at)) AS ended_at_ms
FROM alerts_sent
WHERE organization = {organization:String}
  AND toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) >= {fromMs:Int64}
  AND toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) < {toMs:Int64}
  AND (
    crossed_at > fromUnixTimestamp64Milli({openAtMs:Int64}) - INTERVAL 7 DAY
    OR toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) + transform(
      arrayElement(splitByChar('.', arrayElement(splitByChar(':', budget_key), 2)), -1),
      {units:Array(String)},
      arrayMap(length -> toInt64(length), {longestMs:Array(String)}),
      arrayMax(arrayMap(length -> toInt64(length), {longestMs:Array(String)}))
    ) > {openAtMs:Int64}
  )
ORDER BY
  toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)),
  budget_key,
  threshold_percent,
  ver DESC,
  crossed_at
LIMIT 1 BY budget_key, threshold_percent
