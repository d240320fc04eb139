-- As those of denials: a key names what its amounts are in.
ALTER TABLE alerts_sent
  RENAME COLUMN IF EXISTS spent_nano_usd TO spent_amount,
  RENAME COLUMN IF EXISTS limit_nano_usd TO limit_amount
