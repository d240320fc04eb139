-- balances: spent and held of budgets in their current periods. Changes nothing.
--
-- KEYS  1 state  2.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 configuration version
--       then per budget: period start, period end
-- Returns
--   OK balance..     a balance is three values: spent, held at the expected cost, held at the worst
--   CONFIG version   another configuration is live
--   PERIOD now       a named period is not the one of this instant
--   SEED index       the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH            the organization's state is lost, likewise

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/budget.lua

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end
if state.version ~= ARGV[3] then
  return { 'CONFIG', state.version }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local reply = { 'OK' }
for index = 1, #KEYS - 1 do
  local at = 3 + (index - 1) * 2
  local starts, ends = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if now < starts or now >= ends then
    return { 'PERIOD', whole(now) }
  end
  local key = KEYS[1 + index]
  local stored = redis.call('GET', key)
  local budget = read_budget(stored, state.epoch, current, now, past)
  if not budget and is_lost(state, KEYS[1], key, stored, starts, now) then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget(key)
  table.insert(reply, money_text(budget[SPENT], budget[SPENT + 1]))
  table.insert(reply, money_text(held(budget, EXPECTED)))
  table.insert(reply, money_text(held(budget, WORST)))
end
return reply
