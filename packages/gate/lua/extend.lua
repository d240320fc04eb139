-- extend: move the end of a live hold to now + ttl.
--
-- KEYS  1 state  2 attempt  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ttl, ms  5 entries
--       then per budget: period start, period end
-- Returns
--   OK attempt       held until its new bucket is past
--   ENDED            it was settled, released or expired before, or is not known
--   PINNED attempt   it was held on other periods: ask again with those
--   SEED index       the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH            the organization's state is lost

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/attempt.lua
-- include: fragments/budget.lua

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if not is_live(known, state, current) then
  return { 'ENDED' }
end
if known.entries ~= ARGV[5] then
  return { 'PINNED', known.text }
end
local budgets = {}
for index = 1, #KEYS - 2 do
  local budget = read_budget(stored[1 + index], state.epoch, current, now, past)
  local key, starts, ends = KEYS[2 + index], tonumber(ARGV[4 + index * 2]), tonumber(ARGV[5 + index * 2])
  if not budget and not is_over(key, ends, now) and counts_from_ms(key, starts, now) < state.seeded then
    return { 'SEED', whole(index) }
  end
  budgets[index] = budget or new_budget(key)
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end, grace = bucket_end_ms(state, bucket), tonumber(ARGV[3])
pass_buckets(KEYS[1], state, current)
for index, budget in ipairs(budgets) do
  remove_hold(budget, state.epoch, hold_of(known, index))
end
-- A counter that was rebuilt since gets the hold back: from here on it is in all of them.
known.bucket, known.rebuilds = whole(bucket), state.rebuilds
for index, budget in ipairs(budgets) do
  local ends = tonumber(ARGV[5 + index * 2])
  add_hold(budget, state.epoch, hold_of(known, index))
  write_budget(KEYS[2 + index], budget, state.epoch, now, math.max(ends, hold_end) + grace)
end
write_attempt(KEYS[2], known, unended_ttl_ms(hold_end, now, grace))
return { 'OK', known.text }
