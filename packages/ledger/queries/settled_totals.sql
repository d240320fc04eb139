-- What budget periods have been charged that may still be asked for: a key names unit and start of its period, which was over by
-- {liveFromMs} or is none of these. Of all such periods those that are wanted: {keys}, or the values of one ({valuesOf}), or all,
-- with {every} those of single values, too. No total is cut in the middle: all of a period's settlements are of {sumFromMs} or later.
-- An attempt is settled once and released once, whatever was recorded twice in two epochs; adjustments all count.
WITH deduplicated AS
(
  SELECT
    arrayFilter(
      entry -> toInt64OrZero(splitByChar(':', entry.1)[3])
          + if(position(splitByChar(':', entry.1)[2], 'rolling-') > 0,
              toInt64OrZero(extract(splitByChar(':', entry.1)[2], '[0-9]+')) * 1000 * {rollingParts:Int64},
              transform(splitByChar(':', entry.1)[2], {units:Array(String)}, arrayMap(length -> toInt64(length), {longestMs:Array(String)}), toInt64(0)))
          >= if(position(splitByChar(':', entry.1)[2], 'rolling-') > 0, {rollingFromMs:Int64}, {liveFromMs:Int64})
        AND ({every:UInt8} OR length(splitByChar(':', entry.1)) = 3)
        AND (empty({keys:Array(String)}) OR has({keys:Array(String)}, entry.1))
        AND startsWith(entry.1, {valuesOf:String}),
      arrayZip(arrayMap(key -> toString(key), keys), amounts)
    ) AS entries
  FROM settlements
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({sumFromMs:Int64}, 'UTC')
    AND notEmpty(entries)
  ORDER BY settled_at, epoch, seq
  LIMIT 1 BY attempt_id, kind, if(kind = 'adjust', (epoch, seq), ('', 0))
)
SELECT
  entry.1 AS key,
  toString(sum(toInt128(entry.2)) AS amount) AS total,
  toString(count() OVER ()) AS periods
FROM deduplicated
ARRAY JOIN entries AS entry
GROUP BY key
ORDER BY if(empty({valuesOf:String}), toInt128(0), -amount), key
LIMIT {atMost:UInt64}
