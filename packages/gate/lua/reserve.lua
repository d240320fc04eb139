-- reserve: hold an amount on every budget that covers an attempt, or on none.
--
-- KEYS  1 state  2 attempt  3.. budget periods
-- ARGV  1 configuration version  2 ask  3 expected  4 worst  5 entries
--       6 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; ttl, ms; 1 enforce, 0 observe;
--         expected and worst in limbs; then per budget: limit in limbs, period start, period end
-- Returns
--   HELD now bucket epoch refusal..   held on all; refusals only when observing
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

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local ask, expected, worst, entries = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if known and known.state == 'A' then
  if known.ask == ask then
    return { 'GONE' }
  end
elseif known then
  -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
  if known.state == 'H' and known.ask ~= ask then
    known.ask = ask
    write_attempt(KEYS[2], known, 1)
  end
  return { 'DUP', known.text }
end

if state.version ~= ARGV[1] then
  return { 'CONFIG', state.version }
end

local asked = cjson.decode(ARGV[6])
local grace, ttl, is_enforced = asked[3], asked[4], asked[5] == 1
local hold = {
  expected_usd = asked[6],
  expected_nanos = asked[7],
  worst_usd = asked[8],
  worst_nanos = asked[9],
}
local FIRST_BUDGET, VALUES_PER_BUDGET = 10, 4
local now = server_now_ms()
local current = current_bucket(state, now, asked[1], asked[2])

for at = FIRST_BUDGET, #asked, VALUES_PER_BUDGET do
  if now < asked[at + 2] or now >= asked[at + 3] then
    return { 'PERIOD', whole(now) }
  end
end

local function add_refusal(refusals, index, budget, track, at)
  local is_worst = track == WORST
  local needed_usd = is_worst and hold.worst_usd or hold.expected_usd
  local needed_nanos = is_worst and hold.worst_nanos or hold.expected_nanos
  local first = first_held_bucket(budget, state.epoch)
  local retry = asked[at + 3]
  if first and not is_positive(budget[SPENT] + needed_usd - asked[at], budget[SPENT + 1] + needed_nanos - asked[at + 1]) then
    retry = math.min(retry, bucket_end_ms(state, first))
  end
  local values = {
    whole(index),
    money_text(budget[SPENT], budget[SPENT + 1]),
    money_text(held(budget, track)),
    is_worst and worst or expected,
    whole(retry),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
end

local budgets, refusals, crowded = {}, {}, nil
for index = 1, #KEYS - 2 do
  local at = FIRST_BUDGET + (index - 1) * VALUES_PER_BUDGET
  local budget = read_budget(stored[1 + index], state.epoch, current)
  if not budget and asked[at + 2] < state.seeded then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget()
  budgets[index] = budget
  -- The track that runs into the limit first is the one to judge by and to report.
  local track, usd, nanos = WORST, held(budget, WORST)
  local expected_usd, expected_nanos = held(budget, EXPECTED)
  usd, nanos = usd + hold.worst_usd, nanos + hold.worst_nanos
  expected_usd, expected_nanos = expected_usd + hold.expected_usd, expected_nanos + hold.expected_nanos
  if is_positive(expected_usd - usd, expected_nanos - nanos) then
    track, usd, nanos = EXPECTED, expected_usd, expected_nanos
  end
  if is_positive(budget[SPENT] + usd - asked[at], budget[SPENT + 1] + nanos - asked[at + 1]) then
    add_refusal(refusals, index, budget, track, at)
  end
  if is_positive(usd - LARGEST_USD, nanos - LARGEST_NANOS) then
    crowded = crowded or index
  end
end
if #refusals > 0 and is_enforced then
  return { 'DENY', whole(now), unpack(refusals) }
end
if crowded then
  return { 'RANGE', whole(crowded) }
end

hold.bucket = expiry_bucket(state, now, ttl)
local hold_end = bucket_end_ms(state, hold.bucket)
pass_buckets(KEYS[1], state, current)
for index, budget in ipairs(budgets) do
  add_hold(budget, state.epoch, hold)
  local ends = asked[FIRST_BUDGET + (index - 1) * VALUES_PER_BUDGET + 3]
  write_budget(KEYS[2 + index], budget, state.epoch, now, math.max(ends, hold_end) + grace)
end
local attempt = {
  state = 'H',
  ask = ask,
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = whole(now),
  bucket = whole(hold.bucket),
  expected = expected,
  worst = worst,
  entries = entries,
}
write_attempt(KEYS[2], attempt, hold_end + grace - now)
return { 'HELD', attempt.instant, attempt.bucket, state.epoch, unpack(refusals) }
