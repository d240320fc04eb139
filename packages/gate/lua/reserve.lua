-- reserve: hold an amount on every budget that covers an attempt, or on none. Many attempts at once, one after the other: each
-- finds what the one before it left, as if it had come alone.
--
-- KEYS  1 state  2.. attempts, each once  then budget periods, and paces of budgets that have a
--       breaker (fragments/pace.lua), each once
-- ARGV  1 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; then per attempt an array: ttl, ms;
--         1 enforce, 0 observe; expected and worst in limbs; how many values each of its budgets has; then per budget, of which
--         the last eight may be missing: its position behind the state, limit in limbs, period start, period end; 1 it denies,
--         0 it only observes; hard limit in limbs; its own expected and worst in limbs; the place of its pool in this list, 0 for
--         none, -1 for what is a pool; position of its pace, 0 for none. Pools come last, each once, and take what a budget
--         lacks (fragments/pools.lua)
--       then per attempt: configuration version, ask, expected amounts, worst amounts, entries
-- Returns per attempt
--   HELD now bucket epoch refusal..   held on all, and on no pool; refusals are of those who observe
--   SPLIT now attempt refusal..    held, in part on pools: the attempt says what on which
--   DUP attempt                    the attempt is known: this is the first answer
--   DENY now refusal..             it does not fit; a refusal is six values: index, limit, spent, held, needed, retry at; of a
--                                  budget with a pool, another one of that follows; of a breaker: index below 0, threshold,
--                                  spent, median, when it tripped, retry at
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
-- include: fragments/window.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/attempt.lua
-- include: fragments/budget.lua
-- include: fragments/pools.lua
-- include: fragments/pace.lua

local asked = cjson.decode(ARGV[1])
local BEFORE_FIRST, VALUES_PER_ATTEMPT = 3, 5
local FIRST_BUDGET, OWN_AMOUNTS, PACE = 8, 8, 13
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
local past = bucket_end_ms(state, current - 1)
local budgets, needed_until, is_changed = {}, {}, false

local function budget_at(position)
  local budget = budgets[position] or read_budget(stored[position], state.epoch, current, now, past)
  budgets[position] = budget
  return budget
end

local function add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
  local values = {
    whole(place),
    money_text(limit_usd, limit_nanos),
    money_text(budget[SPENT], budget[SPENT + 1]),
    money_text(held(budget, track)),
    money_text(needed_usd, needed_nanos),
    whole(retry),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
end

local function add_refusal(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, ends)
  local usd, nanos = budget[SPENT] + needed_usd - limit_usd, budget[SPENT + 1] + needed_nanos - limit_nanos
  local is_too_much_spent = is_positive(usd, nanos)
  if not is_too_much_spent then
    usd, nanos = 0, 1
  end
  local retry = left_at_ms(budget, usd, nanos, math.max(now, past), ends)
  local first = first_held_bucket(budget, state.epoch)
  if first and not is_too_much_spent then
    retry = math.min(retry, bucket_end_ms(state, first))
  end
  add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
end

-- True where the breaker of the budget denies, whatever is asked for.
local function add_trip(refusals, place, position)
  local pace = read_pace(stored[position])
  if not is_tripped(pace, now) then
    return false
  end
  local values = {
    whole(-place),
    money_text(pace[TRIP + 2], pace[TRIP + 3]),
    money_text(pace[TRIP], pace[TRIP + 1]),
    money_text(pace[TRIP + 4], pace[TRIP + 5]),
    whole(pace[TRIPPED]),
    whole(pace[TRIP_ENDS]),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
  return true
end

-- Nothing where the attempt is new, or may be asked for anew.
local function answer_known(key, known, ask)
  if known.state == 'A' then
    if known.ask == ask then
      return { 'GONE' }
    end
    return nil
  end
  -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
  if known.state == 'H' and known.ask ~= ask then
    known.ask = ask
    write_attempt(key, known)
  end
  return { 'DUP', known.text }
end

local function is_of_this_instant(request)
  for at = FIRST_BUDGET, #request, request[FIRST_BUDGET - 1] do
    if now < request[at + 3] or now >= request[at + 4] then
      return false
    end
  end
  return true
end

-- Asks the pool of the budget at `at` for what that lacks, and changes nothing. Its share, where both can hold the call; no share and
-- a reply, where the pool's counter is lost; else the refusals of both are added.
local function ask_pool(rules, request, at, place, budget, refusals)
  local pool_place = request[at + POOL]
  local pool_at = FIRST_BUDGET + (pool_place - 1) * request[FIRST_BUDGET - 1]
  local position = request[pool_at]
  local pool = budget_at(position)
  if not pool and is_lost(state, KEYS[1], KEYS[1 + position], stored[position], request[pool_at + 3], now) then
    return nil, { 'SEED', whole(pool_place) }
  end
  pool = pool or new_budget(KEYS[1 + position])
  budgets[position] = pool
  local terms = rules.terms_at(request, at)
  local share = rules.share_of(budget, terms)
  local lacking = rules.lacking_of(rules.terms_at(request, pool_at), terms, share)
  local track = rules.refusing_track(pool, lacking)
  if not track then
    return share
  end
  local retry = rules.retry_together(
    state, math.max(now, past), track, budget, terms, request[at + 4], pool, lacking, request[pool_at + 4])
  local limit_usd, limit_nanos, needed_usd, needed_nanos = unpack(terms[track])
  add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
  limit_usd, limit_nanos, needed_usd, needed_nanos = unpack(lacking[track])
  add_values(refusals, pool_place, pool, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
end

-- Changes nothing. A reply, where the request is not to be held; else the refusals of those who only observe, and where budgets may
-- have pools the shares of those that need them and the rules of pools.
local function judge(request)
  local _, enforces, expected_usd, expected_nanos, worst_usd, worst_nanos, width = unpack(request, 1, FIRST_BUDGET - 1)
  local refusals, crowded, is_denied = {}, nil, false
  local last, shares, rules = #request, nil, nil
  if width > POOL and request[last - width + 1 + POOL] == IS_POOL then
    shares, rules = {}, pool_rules()
    repeat
      last = last - width
    until request[last - width + 1 + POOL] ~= IS_POOL
  end
  for at = FIRST_BUDGET, last, width do
    local place = (at - FIRST_BUDGET) / width + 1
    local position, limit_usd, limit_nanos, starts, ends, denies, hard_usd, hard_nanos = unpack(request, at, at + width - 1)
    hard_usd, hard_nanos = hard_usd or limit_usd, hard_nanos or limit_nanos
    if width > OWN_AMOUNTS then
      expected_usd, expected_nanos, worst_usd, worst_nanos = unpack(request, at + OWN_AMOUNTS, at + width - 1)
    end
    local budget = budget_at(position)
    if not budget and is_lost(state, KEYS[1], KEYS[1 + position], stored[position], starts, now) then
      return { 'SEED', whole(place) }
    end
    budget = budget or new_budget(KEYS[1 + position])
    budgets[position] = budget
    if width > PACE and request[at + PACE] > 0 and add_trip(refusals, place, request[at + PACE]) then
      is_denied = is_denied or (enforces == 1 and denies ~= 0)
    end
    -- The track that is farther beyond what it may come to is the one to judge by and to report.
    local plan_usd, plan_nanos = held(budget, EXPECTED)
    local usd, nanos = held(budget, WORST)
    plan_usd, plan_nanos = plan_usd + expected_usd, plan_nanos + expected_nanos
    usd, nanos = usd + worst_usd, nanos + worst_nanos
    local beyond_usd, beyond_nanos = usd - hard_usd, nanos - hard_nanos
    local is_plan = is_positive(plan_usd - limit_usd - beyond_usd, plan_nanos - limit_nanos - beyond_nanos)
    if is_plan then
      beyond_usd, beyond_nanos = plan_usd - limit_usd, plan_nanos - limit_nanos
    end
    if is_positive(budget[SPENT] + beyond_usd, budget[SPENT + 1] + beyond_nanos) then
      local share, lost = nil, nil
      if shares and request[at + POOL] > 0 then
        share, lost = ask_pool(rules, request, at, place, budget, refusals)
      elseif is_plan then
        add_refusal(refusals, place, budget, EXPECTED, limit_usd, limit_nanos, expected_usd, expected_nanos, ends)
      else
        add_refusal(refusals, place, budget, WORST, hard_usd, hard_nanos, worst_usd, worst_nanos, ends)
      end
      if lost then
        return lost
      end
      is_denied = is_denied or (not share and enforces == 1 and denies ~= 0)
      if share then
        local pool_at = FIRST_BUDGET + (request[at + POOL] - 1) * width
        shares[at], shares[pool_at] = share, rules.smaller(share, shares[pool_at])
      -- What no counter can take is beyond every limit.
      elseif is_positive(usd - LARGEST_USD, nanos - LARGEST_NANOS) or is_positive(plan_usd - LARGEST_USD, plan_nanos - LARGEST_NANOS) then
        crowded = crowded or place
      end
    end
  end
  if is_denied then
    return { 'DENY', whole(now), unpack(refusals) }
  end
  if crowded then
    return { 'RANGE', whole(crowded) }
  end
  return nil, refusals, shares, rules
end

local function hold_on_all(request, bucket)
  local _, _, expected_usd, expected_nanos, worst_usd, worst_nanos, width = unpack(request, 1, FIRST_BUDGET - 1)
  local hold_end = bucket_end_ms(state, bucket)
  local hold = {
    bucket = bucket,
    expected_usd = expected_usd,
    expected_nanos = expected_nanos,
    worst_usd = worst_usd,
    worst_nanos = worst_nanos,
  }
  for at = FIRST_BUDGET, #request, width do
    local position = request[at]
    if width > OWN_AMOUNTS then
      hold.expected_usd, hold.expected_nanos, hold.worst_usd, hold.worst_nanos =
        unpack(request, at + OWN_AMOUNTS, at + width - 1)
    end
    add_hold(budgets[position], state.epoch, hold)
    needed_until[position] = math.max(needed_until[position] or 0, math.max(request[at + 4], hold_end) + grace)
  end
  is_changed = true
  return hold_end
end

local function reserve(index, request)
  local at_values = 1 + (index - 1) * VALUES_PER_ATTEMPT
  local version, ask, expected, worst, entries = unpack(ARGV, at_values + 1, at_values + VALUES_PER_ATTEMPT)
  local key, known = KEYS[1 + index], read_attempt(stored[index])
  local answer = known and answer_known(key, known, ask)
  if answer then
    return answer
  end
  if state.version ~= version then
    return { 'CONFIG', state.version }
  end
  if not is_of_this_instant(request) then
    return { 'PERIOD', whole(now) }
  end
  local refused, refusals, shares, rules = judge(request)
  if refused then
    return refused
  end
  if shares then
    request, entries, expected, worst = rules.as_held(request, FIRST_BUDGET, shares, entries)
  end

  local bucket = expiry_bucket(state, now, request[1])
  local hold_end = hold_on_all(request, bucket)
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
  write_attempt(key, attempt, unended_ttl_ms(hold_end, now, grace))
  if shares and next(shares) then
    return { 'SPLIT', attempt.instant, attempt.text, unpack(refusals) }
  end
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
