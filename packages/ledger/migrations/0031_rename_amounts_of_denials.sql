-- What a budget is in need not be USD: its amounts are named without a unit.
ALTER TABLE denials
  RENAME COLUMN IF EXISTS limit_nano_usd TO limit_amount,
  RENAME COLUMN IF EXISTS spent_nano_usd TO spent_amount,
  RENAME COLUMN IF EXISTS held_nano_usd TO held_amount,
  RENAME COLUMN IF EXISTS needed_nano_usd TO needed_amount
