-- settle: end an attempt, with a charge or without. Never refuses for being too large: the money is spent.
--
-- KEYS  1 attempt  2 state  3.. budget periods of the hold, whatever the time is now
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 'S' settle, 'V' release  5 amount ('0' for a release)  6 entries  7 budget instant, ms
--       then per budget: period start, period end
-- Returns, each with the attempt as it stands now
--   OK       the hold was live and is replaced
--   LATE     it had ended by time; the charge counts
--   REOPEN   it had been released; the charge counts
--   ORPHAN   the attempt is not known; the charge counts
--   DUP      it was ended before, nothing changed: the attempt carries the first settlement
--   PINNED   the attempt was held on other periods: ask again with those
-- or, with nothing changed
--   SEED index   the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH        the organization's state is lost, likewise
--   RANGE index  spent would leave Int64

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

local kind, amount, entries = ARGV[4], ARGV[5], ARGV[6]
local known = read_attempt(KEYS[1])
if known and known.state == 'A' then
  known = nil
end
if known and (known.state == 'S' or known.state == kind) then
  return { 'DUP', known.text }
end
if known and known.entries ~= entries then
  return { 'PINNED', known.text }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local grace = tonumber(ARGV[3])
local charge = money(amount)
local counters = {}
for index = 1, #KEYS - 2 do
  local at = 7 + (index - 1) * 2
  local counter = redis.call('HMGET', KEYS[2 + index], 'g', 'c', 's')
  counters[index] = counter
  -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charge still counts.
  if now < tonumber(ARGV[at + 2]) and is_lost(state, counter[1], tonumber(ARGV[at + 1])) then
    return { 'SEED', whole(index) }
  end
  if exceeds(plus(money(counter[2] or '0'), charge), LARGEST) then
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

pass_buckets(KEYS[2], state, current)
for index = 1, #KEYS - 2 do
  local key, counter = KEYS[2 + index], counters[index]
  if live then
    remove_hold(key, known, counter[3])
  end
  if kind == 'S' then
    redis.call('HINCRBY', key, 'c', amount)
    if not counter[1] then
      redis.call('HSET', key, 'g', state.epoch)
      keep_for(key, math.max(tonumber(ARGV[7 + index * 2]), now) + grace - now)
    end
  end
end

-- Gapless: a number that is missing in the ledger is a settlement that never arrived there.
local seq = redis.call('HINCRBY', KEYS[2], 'seq', '1')
local attempt = {
  state = kind,
  ask = known and known.ask,
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = known and known.instant or ARGV[7],
  bucket = known and known.bucket,
  expected = known and known.expected,
  worst = known and known.worst,
  seq = whole(seq),
  settled = whole(now),
  amount = amount,
  entries = entries,
}
write_attempt(KEYS[1], attempt, grace)
return { outcome, attempt.text }
