-- assert: put a hold back, or what is left of a lease, that its owner still has and Redis has lost. The money may be spent already:
-- no limit is asked.
--
-- KEYS  1 state  2 attempt  3 closed (seed.lua)  4.. budget periods of the hold
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 what is left of its ttl, ms  5 expected amounts  6 worst amounts  7 entries  8 budget instant, ms
--       then per budget: period start, period end
-- Returns
--   OK          it is held again
--   DUP         it is held, or has ended, in this epoch
--   SEED index  the budget's counter is lost, and no longer waits for holds: rebuild it from the ledger, then ask again
--   EPOCH       the organization's state is lost

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/attempt.lua
-- include: fragments/budget.lua
-- include: fragments/waiting.lua

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end
local stored = redis.call('MGET', KEYS[2], unpack(KEYS, 4))
local known = read_attempt(stored[1])
if known and known.epoch == state.epoch then
  return { 'DUP' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local is_closed = redis.call('EXISTS', KEYS[3]) == 1
local counters = {}
for index = 1, #KEYS - 3 do
  local key, starts, ends = KEYS[3 + index], tonumber(ARGV[7 + index * 2]), tonumber(ARGV[8 + index * 2])
  local epoch, budget = state.epoch, read_budget(stored[1 + index], state.epoch, current, now, past)
  if not budget and counts_from_ms(key, starts, now) < state.seeded then
    if not is_closed and not is_over(key, ends, now) then
      return { 'SEED', whole(index) }
    end
    epoch = waiting_for(state.epoch)
    budget = read_budget(stored[1 + index], epoch, current, now, past)
  end
  counters[index] = { budget = budget or new_budget(key), epoch = epoch, ends = ends }
end

local grace = tonumber(ARGV[3])
local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end = bucket_end_ms(state, bucket)
local attempt = {
  state = 'H',
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = ARGV[8],
  bucket = whole(bucket),
  expected = ARGV[5],
  worst = ARGV[6],
  entries = ARGV[7],
}
pass_buckets(KEYS[1], state, current)
for index, counter in ipairs(counters) do
  add_hold(counter.budget, counter.epoch, hold_of(attempt, index))
  write_budget(KEYS[3 + index], counter.budget, counter.epoch, now, math.max(counter.ends, hold_end) + grace)
end
write_attempt(KEYS[2], attempt, unended_ttl_ms(hold_end, now, grace))
return { 'OK' }
