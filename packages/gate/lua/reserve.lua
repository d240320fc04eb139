-- reserve: hold an amount on every budget that covers an attempt, or on none.
--
-- KEYS  1 attempt  2 state  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 ttl, ms  5 configuration version  6 '1' enforce, '0' observe  7 expected  8 worst  9 ask  10 entries
--       then per budget: limit, period start, period end
-- Returns
--   HELD now attempt refusal..     held on all; refusals only when observing
--   DUP attempt                    the attempt is known: this is the first answer
--   DENY now refusal..             it does not fit; a refusal is five values: index, spent, held, needed, retry at
--   CONFIG version                 another configuration is live
--   PERIOD now                     a named period is not the one of this instant
--   SEED index                     the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH                          the organization's state is lost, likewise
--   RANGE index                    the sum of holds would leave Int64
--   GONE                           this very ask was abandoned before it arrived
-- All but HELD leave the counters as they were.

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

local ask = ARGV[9]
local known = read_attempt(KEYS[1])
if known and known.state == 'A' then
  if known.ask == ask then
    return { 'GONE' }
  end
elseif known then
  -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
  if known.state == 'H' and known.ask ~= ask then
    known.ask = ask
    write_attempt(KEYS[1], known, 1)
  end
  return { 'DUP', known.text }
end

if state.version ~= ARGV[5] then
  return { 'CONFIG', state.version }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local expected, worst = money(ARGV[7]), money(ARGV[8])
local asked = {}
for index = 1, #KEYS - 2 do
  local at = 10 + (index - 1) * 3
  asked[index] = {
    key = KEYS[2 + index],
    limit = money(ARGV[at + 1]),
    starts = tonumber(ARGV[at + 2]),
    ends = tonumber(ARGV[at + 3]),
  }
end

for _, period in ipairs(asked) do
  if now < period.starts or now >= period.ends then
    return { 'PERIOD', whole(now) }
  end
end

-- The track that runs into the limit first is the one to judge by and to report.
local function refuse(refusals, index, period)
  local budget, spent = period.budget, money(period.budget.spent)
  local held, needed, amount = budget.worst, worst, ARGV[8]
  if exceeds(plus(budget.expected, expected), plus(budget.worst, worst)) then
    held, needed, amount = budget.expected, expected, ARGV[7]
  end
  if not exceeds(plus(spent, plus(held, needed)), period.limit) then
    return
  end
  local retry = period.ends
  if budget.oldest and not exceeds(plus(spent, needed), period.limit) then
    retry = math.min(retry, bucket_end_ms(state, budget.oldest))
  end
  for _, value in ipairs({ whole(index), budget.spent, money_text(held), amount, whole(retry) }) do
    table.insert(refusals, value)
  end
end

local refusals, crowded = {}, nil
for index, period in ipairs(asked) do
  period.budget = read_budget(period.key, current)
  if is_lost(state, period.budget.epoch, period.starts) then
    return { 'SEED', whole(index) }
  end
  refuse(refusals, index, period)
  if exceeds(plus(period.budget.expected, expected), LARGEST) or exceeds(plus(period.budget.worst, worst), LARGEST) then
    crowded = crowded or index
  end
end
if #refusals > 0 and ARGV[6] == '1' then
  return { 'DENY', whole(now), unpack(refusals) }
end
if crowded then
  return { 'RANGE', whole(crowded) }
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local grace = tonumber(ARGV[3])
local hold_end = bucket_end_ms(state, bucket)
local attempt = {
  state = 'H',
  ask = ask,
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = whole(now),
  bucket = whole(bucket),
  expected = ARGV[7],
  worst = ARGV[8],
  entries = ARGV[10],
}
pass_buckets(KEYS[2], state, current)
for _, period in ipairs(asked) do
  local is_new = period.budget.epoch ~= state.epoch
  if is_new then
    redis.call('DEL', period.key)
    redis.call('HSET', period.key, 'g', state.epoch)
  elseif #period.budget.past > 0 then
    redis.call('HDEL', period.key, unpack(period.budget.past))
  end
  add_hold(period.key, attempt)
  -- A counter that is there already lives beyond its period; only a hold may outlive that.
  if is_new or hold_end > period.ends then
    keep_for(period.key, math.max(period.ends, hold_end) + grace - now)
  end
end
write_attempt(KEYS[1], attempt, hold_end + grace - now)
return { 'HELD', whole(now), attempt.text, unpack(refusals) }
