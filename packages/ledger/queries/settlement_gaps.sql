-- Numbers that no settlement of an organization has, between two that were settled in [from, to): each is a row that was lost or is
-- still on its way. A gate numbers without a gap within one epoch; adjustments of drift are numbered by nobody.
SELECT
  epoch,
  toString(seq + 1) AS from_seq,
  toString(next_seq - 1) AS to_seq,
  toString(toUnixTimestamp64Milli(first_settled_at)) AS before_ms,
  toString(toUnixTimestamp64Milli(next_settled_at)) AS after_ms
FROM
(
  SELECT
    epoch,
    seq,
    first_settled_at,
    leadInFrame(seq, 1, toUInt64(0)) OVER following AS next_seq,
    leadInFrame(first_settled_at) OVER following AS next_settled_at
  FROM
  (
    SELECT epoch, seq, min(settled_at) AS first_settled_at
    FROM settlements
    WHERE organization = {organization:String}
      AND epoch != 'drift'
      AND settled_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND settled_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    GROUP BY epoch, seq
  )
  WINDOW following AS (PARTITION BY epoch ORDER BY seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
)
WHERE next_seq > seq + 1
ORDER BY epoch, seq
LIMIT 1000
