-- settle: end an attempt, with a charge or without. Never refuses for being too large: the money is spent.
--
-- KEYS  1 state  2 attempt  3.. budget periods of the hold, whatever the time is now
-- ARGV  1 'S' settle, 'V' release  2 amount ('0' for a release)  3 entries  4 budget instant, ms
--       5 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; amount in limbs;
--         then per budget: period start, period end
-- Returns, each with epoch, budget instant, number and instant of the settlement
--   OK       the hold was live and is replaced
--   LATE     it had ended by time; the charge counts
--   REOPEN   it had been released; the charge counts
--   ORPHAN   the attempt is not known; the charge counts
-- or, with nothing changed
--   DUP attempt     it was ended before: the attempt carries the first settlement
--   PINNED attempt  the attempt was held on other periods: ask again with those
--   SEED index      the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH           the organization's state is lost, likewise
--   RANGE index     spent would leave Int64

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

local kind, amount, entries = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if known and known.state == 'A' then
  known = nil
end
if known and (known.state == 'S' or known.state == kind) then
  return { 'DUP', known.text }
end
if known and known.entries ~= entries then
  return { 'PINNED', known.text }
end

local asked = cjson.decode(ARGV[5])
local grace, charge_usd, charge_nanos = asked[3], asked[4], asked[5]
local now = server_now_ms()
local current = current_bucket(state, now, asked[1], asked[2])
local budgets = {}
for index = 1, #KEYS - 2 do
  local starts, ends = asked[4 + index * 2], asked[5 + index * 2]
  local budget = read_budget(stored[1 + index], state.epoch, current)
  -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charge still counts.
  if not budget and now < ends and starts < state.seeded then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget()
  budgets[index] = budget
  if is_positive(budget[SPENT] + charge_usd - LARGEST_USD, budget[SPENT + 1] + charge_nanos - LARGEST_NANOS) then
    return { 'RANGE', whole(index) }
  end
end

local live = is_live(known, state, current)
local outcome = 'ORPHAN'
if live then
  outcome = 'OK'
elseif known and known.state == 'V' then
  outcome = 'REOPEN'
elseif known and known.epoch == state.epoch then
  outcome = 'LATE'
end

pass_buckets(KEYS[1], state, current)
local hold = live and hold_of(known)
for index, budget in ipairs(budgets) do
  local is_known = budget.text ~= nil
  if live and is_known then
    remove_hold(budget, state.epoch, hold)
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + charge_usd, budget[SPENT + 1] + charge_nanos
  if kind == 'S' or live and is_known then
    local needed_until = is_known and 0 or math.max(asked[5 + index * 2], now) + grace
    write_budget(KEYS[2 + index], budget, state.epoch, now, needed_until)
  end
end

-- Gapless: a number that is missing in the ledger is a settlement that never arrived there.
local attempt = known or { entries = entries, instant = ARGV[4] }
attempt.state, attempt.epoch, attempt.rebuilds = kind, state.epoch, state.rebuilds
attempt.seq = whole(redis.call('HINCRBY', KEYS[1], 'seq', '1'))
attempt.settled, attempt.amount = whole(now), amount
write_attempt(KEYS[2], attempt, grace)
return { outcome, state.epoch, attempt.instant, attempt.seq, attempt.settled }
