-- endings: end attempts of one lease, all of a batch or one alone, and give back what the lease will not hand out any more.
-- The lease is an attempt record whose amounts are what it still holds: for attempts in flight, and for those it may admit.
--
-- KEYS  1 state  2 attempt record of the lease  3 its endings  4 the outbox  5.. budget periods of the lease
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 number of the batch, unique in the lease; '' for one attempt that anybody may have ended before
--       5 items: 'S:<attempt>:<position from 0>:<charge>', 'V' for a release, by colons  6 how many  7 sum of their charges
--       8 what to give back, expected  9 worst  10 entries  11 budget instant, ms, and ':<epoch of the lease>' behind it where how its
--       attempts ended may be forgotten
--       then per budget: period start, period end
-- Returns, each with the first number, the instant and the epoch of these endings
--   OK       the lease was live
--   LATE     it had ended by time; the charges count
--   REOPEN   the one attempt had been released; the charge counts
--   ORPHAN   the lease is not known; the charges count
--   AGAIN    they were ended before, and their numbers are forgotten: new ones, and nothing counts a second time
-- or, with nothing changed
--   DUP seq instant epoch kind amount   the one attempt was ended before, like this
--   SPLIT           somebody ended one of the batch alone: end each alone
--   PINNED lease    the lease was taken on other periods: ask again with those
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

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local batch, items, count, amount = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local kind, id = string.match(items, '^(%a):([^:]+):')

-- What ended in an epoch that was lost since is charged anew: whoever asks again never got its number, so no ledger has it.
local function is_of_epoch(text)
  return string.match(text, '^%d+|%d+|([^|]*)|') == state.epoch
end

-- Endings stand together as they came, which costs nothing per attempt; only who asks for one alone has to look for it.
local function ending_of(wanted)
  local mark = wanted .. ':' .. id .. ':'
  for _, text in ipairs(redis.call('HVALS', KEYS[3])) do
    local at = string.find(text, mark, 1, true)
    if at and is_of_epoch(text) then
      local first, settled, epoch = string.match(text, '^(%d+)|(%d+)|([^|]*)|')
      local position, charge = string.match(text, '^(%d+):(%d+)', at + #mark)
      return { 'DUP', whole(tonumber(first) + tonumber(position)), settled, epoch, wanted, charge }
    end
  end
end

local is_reopened = false
if batch == '' then
  local settled, released = ending_of('S'), ending_of('V')
  if settled or (released and kind == 'V') then
    return settled or released
  end
  is_reopened = released ~= nil
else
  local before = redis.call('HGET', KEYS[3], batch)
  if before and is_of_epoch(before) then
    local first, settled, epoch, outcome = string.match(before, '^(%d+)|(%d+)|([^|]*)|(%a+)|')
    return { outcome, first, settled, epoch }
  end
  if redis.call('HEXISTS', KEYS[3], 'alone') == 1 then
    for ended_kind, ended in string.gmatch(items, '(%a):([^:]+):') do
      if redis.call('HEXISTS', KEYS[3], 'S:' .. ended) + redis.call('HEXISTS', KEYS[3], 'V:' .. ended) > 0 then
        return { 'SPLIT' }
      end
    end
  end
end

local stored = redis.call('MGET', KEYS[2], unpack(KEYS, 5))
local lease = read_attempt(stored[1])
if lease and lease.entries ~= ARGV[10] then
  return { 'PINNED', lease.text }
end

local now = server_now_ms()
local grace = tonumber(ARGV[3])

-- Gapless: the batch takes as many numbers as it has endings.
local function take_numbers(outcome)
  local last = redis.call('HINCRBY', KEYS[1], 'seq', count)
  local first = whole(last - tonumber(count) + 1)
  -- Of what was forgotten, a release does not tell whether it was charged before: a settle after it must not count.
  if outcome ~= 'AGAIN' or not string.find(items, 'V:', 1, true) then
    local field = batch
    if batch == '' then
      field = kind .. ':' .. id
      redis.call('HSET', KEYS[3], 'alone', '1')
    end
    redis.call('HSET', KEYS[3], field, table.concat({ first, whole(now), state.epoch, outcome, items }, '|'))
  end
  return { outcome, first, whole(now), state.epoch }
end

-- A lease is remembered for as long as it holds anything of an attempt, and so is how its attempts ended.
local instant, made_in = string.match(ARGV[11], '^([^:]+):?(.*)$')
local is_over_and_done = not stored[1] or (lease and lease.state == 'V')
if count ~= '0' and not is_reopened and is_over_and_done and made_in == state.epoch and now < tonumber(instant) + UNENDED_MS then
  local outcome = 'AGAIN'
  local reply = take_numbers(outcome)
  keep_for(KEYS[3], grace)
  return reply
end

local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local charge_usd, charge_nanos = limbs(amount)
local budgets = {}
for index = 1, #KEYS - 4 do
  local key, starts, ends = KEYS[4 + index], tonumber(ARGV[10 + index * 2]), tonumber(ARGV[11 + index * 2])
  local budget = read_budget(stored[1 + index], state.epoch, current, now, past)
  -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charges still count.
  if not budget and not is_over(key, ends, now) and is_lost(state, KEYS[1], key, stored[1 + index], starts, now) then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget(key)
  budgets[index] = budget
  if is_positive(budget[SPENT] + charge_usd - LARGEST_USD, budget[SPENT + 1] + charge_nanos - LARGEST_NANOS) then
    return { 'RANGE', whole(index) }
  end
end

local live = is_live(lease, state, current) and not is_reopened
local outcome = 'ORPHAN'
if live then
  outcome = 'OK'
elseif is_reopened then
  outcome = 'REOPEN'
elseif lease and lease.epoch == state.epoch then
  outcome = 'LATE'
end

-- Never more than the lease still holds: the rest would be somebody else's.
local function part_of_lease()
  local rest, part = hold_of(lease), hold_of(lease)
  part.expected_usd, part.expected_nanos = limbs(ARGV[8])
  part.worst_usd, part.worst_nanos = limbs(ARGV[9])
  if is_positive(part.expected_usd - rest.expected_usd, part.expected_nanos - rest.expected_nanos) then
    part.expected_usd, part.expected_nanos = rest.expected_usd, rest.expected_nanos
  end
  if is_positive(part.worst_usd - rest.worst_usd, part.worst_nanos - rest.worst_nanos) then
    part.worst_usd, part.worst_nanos = rest.worst_usd, rest.worst_nanos
  end
  lease.expected = money_text(rest.expected_usd - part.expected_usd, rest.expected_nanos - part.expected_nanos)
  lease.worst = money_text(rest.worst_usd - part.worst_usd, rest.worst_nanos - part.worst_nanos)
  return part
end

pass_buckets(KEYS[1], state, current)
local part = live and part_of_lease()
for index, budget in ipairs(budgets) do
  local is_known = budget.text ~= nil
  if live and is_known then
    remove_hold(budget, state.epoch, part)
  end
  charge(budget, tonumber(ARGV[10 + index * 2]), charge_usd, charge_nanos, math.max(now, past))
  if amount ~= '0' or (live and is_known) then
    local needed_until = is_known and 0 or math.max(tonumber(ARGV[11 + index * 2]), now) + grace
    local key, version = KEYS[4 + index], tonumber(state.version)
    if is_due(budget, version, now) then
      announce(KEYS[1], KEYS[4], key, budget, state.epoch, version, now)
    end
    write_budget(key, budget, state.epoch, now, needed_until)
  end
end
local hold_end = lease and lease.bucket ~= '' and bucket_end_ms(state, tonumber(lease.bucket)) or now
local remembered_ms = unended_ttl_ms(math.max(hold_end, now), now, grace)
if live then
  -- Nothing is in flight and nothing will be admitted: there is nothing left to extend, and nothing to be ended for the first time.
  if lease.expected == '0' and lease.worst == '0' then
    lease.state, remembered_ms = 'V', grace
  end
  write_attempt(KEYS[2], lease, lease.state == 'V' and grace or nil)
end

local reply = { outcome, '0', whole(now), state.epoch }
if count ~= '0' then
  reply = take_numbers(outcome)
end
redis.call('PEXPIRE', KEYS[3], whole(math.max(remembered_ms, 1)))
return reply
