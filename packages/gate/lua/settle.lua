-- settle: end an attempt, with a charge or without. Never refuses for being too large: the money is spent. Many attempts at
-- once, one after the other, as if each had come alone.
--
-- KEYS  1 state  2.. attempts, each once  then budget periods of their holds, whatever the time is now, and paces of budgets that have a
--       breaker (fragments/pace.lua), each once  last the outbox
-- ARGV  1 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; then per attempt an array: amount in
--         limbs; how many values each of its budgets has; then per budget, of which the last two may be missing: its position
--         behind the state, period start, period end; its own amount in limbs; position of its pace, 0 for none
--       then per attempt: 'S' settle, 'V' release; amounts ('0' for a release); entries; budget instant, ms, and ':<epoch of
--         the hold>' behind it where the record of its end may be forgotten
-- Returns per attempt, with epoch, budget instant, number and instant of the settlement
--   OK       the hold was live and is replaced
--   LATE     it had ended by time; the charge counts
--   REOPEN   it had been released; the charge counts
--   ORPHAN   the attempt is not known; the charge counts
--   AGAIN    it was ended before, and its number is forgotten: a new one, and nothing counts a second time
-- or, with nothing changed
--   DUP attempt     it was ended before: the attempt carries the first settlement
--   PINNED attempt  the attempt was held on other periods: ask again with those
--   SEED index      the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH           the organization's state is lost, likewise
--   RANGE index     spent would leave Int64

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/state.lua
-- include: fragments/buckets.lua
-- include: fragments/attempt.lua
-- include: fragments/budget.lua
-- include: fragments/announce.lua
-- include: fragments/pace.lua

local asked = cjson.decode(ARGV[1])
local BEFORE_FIRST, VALUES_PER_ATTEMPT = 3, 4
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

local stored = redis.call('MGET', unpack(KEYS, 2, #KEYS - 1))
local now, grace = server_now_ms(), asked[3]
local current = current_bucket(state, now, asked[1], asked[2])
local past = bucket_end_ms(state, current - 1)
local budgets, needed_until, is_changed = {}, {}, false
local FIRST_BUDGET, OWN_AMOUNT, PACE = 4, 3, 5
local paces, version = {}, tonumber(state.version)

-- What is charged to the budget at this place: its own amount, or that of the attempt.
local function charge_at(request, at)
  if request[FIRST_BUDGET - 1] > OWN_AMOUNT then
    return request[at + OWN_AMOUNT], request[at + OWN_AMOUNT + 1]
  end
  return request[1], request[2]
end

-- Changes nothing. A reply, where a charge cannot be added to what is there.
local function find_budgets(request)
  local width = request[FIRST_BUDGET - 1]
  for at = FIRST_BUDGET, #request, width do
    local position, place = request[at], (at - FIRST_BUDGET) / width + 1
    local starts, ends = request[at + 1], request[at + 2]
    local charge_usd, charge_nanos = charge_at(request, at)
    local key = KEYS[1 + position]
    local budget = budgets[position] or read_budget(stored[position], state.epoch, current, now, past)
    -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charge still counts.
    if not budget and not is_over(key, ends, now) and is_lost(state, KEYS[1], key, stored[position], starts, now) then
      return { 'SEED', whole(place) }
    end
    budget = budget or new_budget(key)
    budgets[position] = budget
    if is_positive(budget[SPENT] + charge_usd - LARGEST_USD, budget[SPENT + 1] + charge_nanos - LARGEST_NANOS) then
      return { 'RANGE', whole(place) }
    end
  end
end

local function outcome_of(known, live)
  local outcome = 'ORPHAN'
  if live then
    outcome = 'OK'
  elseif known and known.state == 'V' then
    outcome = 'REOPEN'
  elseif known and known.epoch == state.epoch then
    outcome = 'LATE'
  end
  return outcome
end

-- Whoever is to be told of a trip is told by the script that takes what is spent so far.
local function count_pace(position, budget_key, usd, nanos)
  local period = string.match(budget_key, ':budget:(.*)$')
  local function velocity_now()
    return (select(4, thresholds_of(KEYS[1], period, now)))
  end
  local pace = paces[position] or read_pace(stored[position])
  paces[position] = pace
  if charge_pace(pace, usd, nanos, now, version, velocity_now) then
    local budget_id, value = string.match(period, '^([^:]+):[^:]+:[^:]+(.*)$')
    local spent, limit = money_text(pace[TRIP], pace[TRIP + 1]), money_text(pace[TRIP + 2], pace[TRIP + 3])
    local trip = budget_id .. ':velocity:' .. whole(now) .. value
    keep_announcement(KEYS[#KEYS], now, table.concat({ trip, '100', spent, limit, whole(now) }, '|'))
  end
end

-- The charge in the place of the hold, where that lives, on every budget.
local function replace_hold(request, kind, known, live)
  local width = request[FIRST_BUDGET - 1]
  local hold = live and hold_of(known, 1)
  local is_split = live and (differs(known.expected) or differs(known.worst))
  for at = FIRST_BUDGET, #request, width do
    local position = request[at]
    local budget = budgets[position]
    if is_split then
      hold = hold_of(known, (at - FIRST_BUDGET) / width + 1)
    end
    local is_known = budget.text ~= nil or needed_until[position] ~= nil
    if live and is_known then
      remove_hold(budget, state.epoch, hold)
    end
    local charge_usd, charge_nanos = charge_at(request, at)
    charge(budget, request[at + 1], charge_usd, charge_nanos, math.max(now, past))
    if width > PACE and request[at + PACE] > 0 and is_positive(charge_usd, charge_nanos) then
      count_pace(request[at + PACE], KEYS[1 + position], charge_usd, charge_nanos)
    end
    if not is_known and kind == 'S' then
      needed_until[position] = math.max(request[at + 2], now) + grace
    elseif is_known and (live or kind == 'S') then
      needed_until[position] = needed_until[position] or 0
    end
  end
  is_changed = true
end

-- Gapless: a number that is missing in the ledger is a settlement that never arrived there.
local function number_end(attempt)
  attempt.epoch, attempt.rebuilds = state.epoch, state.rebuilds
  attempt.seq = whole(redis.call('HINCRBY', KEYS[1], 'seq', '1'))
  attempt.settled = whole(now)
  return attempt
end

local function settle(index, request)
  local at_values = 1 + (index - 1) * VALUES_PER_ATTEMPT
  local kind, amount, entries, pinned = unpack(ARGV, at_values + 1, at_values + VALUES_PER_ATTEMPT)
  local instant, made_in = string.match(pinned, '^([^:]+):?(.*)$')
  local known = read_attempt(stored[index])
  -- One that ended in an epoch that was lost since is charged anew: whoever asks again never got its number, so no ledger has it.
  if known and (known.state == 'A' or known.state ~= 'H' and known.epoch ~= state.epoch) then
    known = nil
  end
  if known and (known.state == 'S' or known.state == kind) then
    return { 'DUP', known.text }
  end
  if known and known.entries ~= entries then
    return { 'PINNED', known.text }
  end
  if not stored[index] and made_in == state.epoch and now < tonumber(instant) + UNENDED_MS then
    local again = number_end({ state = kind, entries = entries, instant = instant, amount = amount })
    -- After a release it would stay unknown whether it was charged.
    if kind == 'S' then
      write_attempt(KEYS[1 + index], again, grace)
    end
    return { 'AGAIN', state.epoch, instant, again.seq, again.settled }
  end
  local refused = find_budgets(request)
  if refused then
    return refused
  end

  local live = is_live(known, state, current)
  local outcome = outcome_of(known, live)
  replace_hold(request, kind, known, live)
  local attempt = known or { entries = entries, instant = instant }
  attempt.state, attempt.amount = kind, amount
  write_attempt(KEYS[1 + index], number_end(attempt), grace)
  return { outcome, state.epoch, attempt.instant, attempt.seq, attempt.settled }
end

for index = 1, count do
  replies[index] = settle(index, asked[BEFORE_FIRST + index])
end
if is_changed then
  pass_buckets(KEYS[1], state, current)
end
for position, pace in pairs(paces) do
  write_pace(KEYS[1 + position], pace, now)
end
for position, until_ms in pairs(needed_until) do
  local key, budget = KEYS[1 + position], budgets[position]
  if is_due(budget, version, now) then
    announce(KEYS[1], KEYS[#KEYS], key, budget, state.epoch, version, now)
  end
  write_budget(key, budget, state.epoch, now, until_ms)
end
return replies
