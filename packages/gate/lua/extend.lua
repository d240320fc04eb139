-- extend: move the end of a live hold to now + ttl.
--
-- KEYS  1 attempt  2 state  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ttl, ms  5 entries
--       then per budget: period start, period end
-- Returns
--   OK attempt       held until its new bucket is past
--   ENDED            it was settled, released or expired before, or is not known
--   PINNED attempt   it was held on other periods: ask again with those
--   EPOCH            the organization's state is lost

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/attempt.lua
-- include: fragments/budget.lua

local state = read_state(KEYS[2])
if not state then
  return { 'EPOCH' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local known = read_attempt(KEYS[1])
if not is_live(known, state, current) then
  return { 'ENDED' }
end
if known.entries ~= ARGV[5] then
  return { 'PINNED', known.text }
end
for index = 3, #KEYS do
  local counter = redis.call('HMGET', KEYS[index], 'g', 's')
  -- The hold went with a counter that was lost; there is nothing to move.
  if counter[1] ~= state.epoch or is_rebuilt_since(known, counter[2]) then
    return { 'ENDED' }
  end
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end, grace = bucket_end_ms(state, bucket), tonumber(ARGV[3])
pass_buckets(KEYS[2], state, current)
for index = 3, #KEYS do
  remove_hold(KEYS[index], known, nil)
end
known.bucket = whole(bucket)
for index = 3, #KEYS do
  local ends = tonumber(ARGV[5 + (index - 2) * 2])
  add_hold(KEYS[index], known)
  keep_for(KEYS[index], math.max(ends, hold_end) + grace - now)
end
write_attempt(KEYS[1], known, hold_end + grace - now)
return { 'OK', known.text }
