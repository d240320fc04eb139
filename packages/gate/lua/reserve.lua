-- reserve: hold an amount on every budget that covers an attempt, or on none. Many attempts at once, one after the other: each
-- finds what the one before it left, as if it had come alone.
--
-- KEYS  1 state  2.. attempts, each once  then budget periods, each once
-- ARGV  1 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; then per attempt an array: ttl, ms;
--         1 enforce, 0 observe; expected and worst in limbs; then per budget: its position behind the state, limit in limbs,
--         period start, period end
--       then per attempt: configuration version, ask, expected, worst, entries
-- Returns per attempt
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

local asked = cjson.decode(ARGV[1])
local BEFORE_FIRST, VALUES_PER_ATTEMPT = 3, 5
local count = #asked - BEFORE_FIRST
local replies = {}

local state = read_state(KEYS[1])
if not state then
  for index = 1, count do
    local reply = { 'EPOCH' }
    replies[index] = reply
  end
  return replies
end

local stored = redis.call('MGET', unpack(KEYS, 2))
local now, grace = server_now_ms(), asked[3]
local current = current_bucket(state, now, asked[1], asked[2])
local budgets, needed_until, is_changed = {}, {}, false

local function budget_at(position)
  local budget = budgets[position] or read_budget(stored[position], state.epoch, current)
  budgets[position] = budget
  return budget
end

local function add_refusal(refusals, index, budget, limit_usd, limit_nanos, ends, needed_usd, needed_nanos, track, needed)
  local first = first_held_bucket(budget, state.epoch)
  local retry = ends
  if first and not is_positive(budget[SPENT] + needed_usd - limit_usd, budget[SPENT + 1] + needed_nanos - limit_nanos) then
    retry = math.min(retry, bucket_end_ms(state, first))
  end
  local values = {
    whole(index),
    money_text(budget[SPENT], budget[SPENT + 1]),
    money_text(held(budget, track)),
    needed,
    whole(retry),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
end

local FIRST_BUDGET, VALUES_PER_BUDGET = 7, 5

local function reserve(index, request)
  local at_values = 1 + (index - 1) * VALUES_PER_ATTEMPT
  local version, ask, expected, worst, entries = unpack(ARGV, at_values + 1, at_values + VALUES_PER_ATTEMPT)
  local key, known = KEYS[1 + index], read_attempt(stored[index])
  if known and known.state == 'A' then
    if known.ask == ask then
      return { 'GONE' }
    end
  elseif known then
    -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
    if known.state == 'H' and known.ask ~= ask then
      known.ask = ask
      write_attempt(key, known, 1)
    end
    return { 'DUP', known.text }
  end
  if state.version ~= version then
    return { 'CONFIG', state.version }
  end
  local ttl, is_enforced, expected_usd, expected_nanos, worst_usd, worst_nanos = unpack(request, 1, FIRST_BUDGET - 1)
  for at = FIRST_BUDGET, #request, VALUES_PER_BUDGET do
    if now < request[at + 3] or now >= request[at + 4] then
      return { 'PERIOD', whole(now) }
    end
  end

  local refusals, crowded = {}, nil
  for at = FIRST_BUDGET, #request, VALUES_PER_BUDGET do
    local place = (at - FIRST_BUDGET) / VALUES_PER_BUDGET + 1
    local position, limit_usd, limit_nanos, starts, ends = unpack(request, at, at + VALUES_PER_BUDGET - 1)
    local budget = budget_at(position)
    if not budget and starts < state.seeded then
      return { 'SEED', whole(place) }
    end
    budget = budget or new_budget()
    budgets[position] = budget
    -- The track that runs into the limit first is the one to judge by and to report.
    local plan_usd, plan_nanos = held(budget, EXPECTED)
    local usd, nanos = held(budget, WORST)
    plan_usd, plan_nanos = plan_usd + expected_usd, plan_nanos + expected_nanos
    usd, nanos = usd + worst_usd, nanos + worst_nanos
    local is_plan = is_positive(plan_usd - usd, plan_nanos - nanos)
    if is_plan then
      usd, nanos = plan_usd, plan_nanos
    end
    if is_positive(budget[SPENT] + usd - limit_usd, budget[SPENT + 1] + nanos - limit_nanos) then
      if is_plan then
        add_refusal(refusals, place, budget, limit_usd, limit_nanos, ends, expected_usd, expected_nanos, EXPECTED, expected)
      else
        add_refusal(refusals, place, budget, limit_usd, limit_nanos, ends, worst_usd, worst_nanos, WORST, worst)
      end
    end
    if is_positive(usd - LARGEST_USD, nanos - LARGEST_NANOS) then
      crowded = crowded or place
    end
  end
  if #refusals > 0 and is_enforced == 1 then
    return { 'DENY', whole(now), unpack(refusals) }
  end
  if crowded then
    return { 'RANGE', whole(crowded) }
  end

  is_changed = true
  local bucket = expiry_bucket(state, now, ttl)
  local hold_end = bucket_end_ms(state, bucket)
  local hold = {
    bucket = bucket,
    expected_usd = expected_usd,
    expected_nanos = expected_nanos,
    worst_usd = worst_usd,
    worst_nanos = worst_nanos,
  }
  for at = FIRST_BUDGET, #request, VALUES_PER_BUDGET do
    local position = request[at]
    add_hold(budgets[position], state.epoch, hold)
    needed_until[position] = math.max(needed_until[position] or 0, math.max(request[at + 4], hold_end) + grace)
  end
  local attempt = {
    state = 'H',
    ask = ask,
    epoch = state.epoch,
    rebuilds = state.rebuilds,
    instant = whole(now),
    bucket = whole(bucket),
    expected = expected,
    worst = worst,
    entries = entries,
  }
  write_attempt(key, attempt, hold_end + grace - now)
  return { 'HELD', attempt.instant, attempt.bucket, state.epoch, unpack(refusals) }
end

for index = 1, count do
  replies[index] = reserve(index, asked[BEFORE_FIRST + index])
end
if is_changed then
  pass_buckets(KEYS[1], state, current)
end
for position, until_ms in pairs(needed_until) do
  write_budget(KEYS[1 + position], budgets[position], state.epoch, now, until_ms)
end
return replies
