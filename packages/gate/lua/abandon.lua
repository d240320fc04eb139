-- abandon: undo a reserve whose caller stopped waiting. Nobody got the hold, so nobody will end it; this takes no sequence
-- number, because no settlement will reach the ledger.
--
-- KEYS  1 state  2 attempt  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ask  5 entries
-- Returns
--   OK      nothing is held for this ask, and nothing will be if it still arrives
--   KEPT    somebody asked again or the attempt has ended: left as it is
--   PINNED attempt   it was held on other periods: ask again with those
--   EPOCH   the organization's state is lost, and the hold with it

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

local ask = ARGV[4]
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if known and (known.ask ~= ask or known.state == 'S' or known.state == 'V') then
  return { 'KEPT' }
end
local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
if is_live(known, state, current) then
  if known.entries ~= ARGV[5] then
    return { 'PINNED', known.text }
  end
  pass_buckets(KEYS[1], state, current)
  for index = 3, #KEYS do
    local budget = read_budget(stored[index - 1], state.epoch, current, now, past)
    if budget then
      remove_hold(budget, state.epoch, hold_of(known, index - 2))
      write_budget(KEYS[index], budget, state.epoch, now, 0)
    end
  end
end
local abandoned = { state = 'A', ask = ask, epoch = state.epoch }
write_attempt(KEYS[2], abandoned, tonumber(ARGV[3]))
return { 'OK' }
