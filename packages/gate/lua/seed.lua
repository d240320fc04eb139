-- seed: begin or rebuild counters from what the ledger knows. The first caller begins the epoch; everybody after it only
-- fills in budget periods that are missing, and raises those that know less than the ledger, so that any number of processes may seed
-- at once and again. After a loss the counters stay missing for a while: processes assert their holds again (assert.lua) and ship what
-- they settled, before the ledger is asked for sums.
--
-- KEYS  1 state  2 closed, there for as long as nothing is filled in  3 the outbox  4.. budget periods
-- ARGV  1 epoch to begin, or '' to fill in only  2 width of a bucket, ms  3 last sequence number  4 configuration version  5 snapshot as JSON
--       6 grace of records, ms  7 epoch that lost something and is to end, or ''  8 how long nothing is filled in, ms
--       9 periods of which every value is filled in, by this call or calls before it, by commas
--       10 thresholds of the snapshot's budgets (fragments/announce.lua)
--       then per budget: '<period start>=<spent>', of a rolling window once for each part that has any, by commas; an instant at which
--       nothing of it counts any more; the highest threshold that was announced before, in percent, and in the period that began when; and
--       1 where others that are reached are announced now
-- Returns
--   OK epoch   the one in force, begun by this call or before it
--   CLOSED ms  nothing is filled in yet: wait so long, and ask the ledger again
--   EPOCH      there is none, and this call was only to fill in

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/budget.lua
-- include: fragments/waiting.lua
-- include: fragments/announce.lua

local now = server_now_ms()
local epoch, seq, version, configuration, thresholds =
  unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'version', 'configuration', 'thresholds'))
if ARGV[1] == '' then
  if not epoch then
    return { 'EPOCH' }
  end
  local closed = redis.call('PTTL', KEYS[2])
  if closed > 0 then
    return { 'CLOSED', whole(closed) }
  end
elseif not epoch or epoch == ARGV[7] then
  -- What survived in part may know more than the ledger: numbers given out, and the configuration that is live.
  if not epoch or tonumber(version) < tonumber(ARGV[4]) then
    version, configuration, thresholds = ARGV[4], ARGV[5], ARGV[10]
  end
  seq = whole(math.max(tonumber(seq or '0'), tonumber(ARGV[3])))
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1],
    'epoch', epoch, 'seeded', whole(now), 'rebuilds', '0', 'width', ARGV[2], 'watermark', '0',
    'seq', seq, 'version', version, 'configuration', configuration, 'thresholds', thresholds)
  if ARGV[8] ~= '0' then
    redis.call('SET', KEYS[2], '1', 'PX', ARGV[8])
  end
end

local rebuild = redis.call('HINCRBY', KEYS[1], 'rebuilds', '1')
for period in string.gmatch(ARGV[9], '[^,]+') do
  redis.call('HSET', KEYS[1], 'filled:' .. period, '1')
end

-- What has left a window stays out of it (window.lua), also where the clock has stepped back since.
local width, watermark = unpack(redis.call('HMGET', KEYS[1], 'width', 'watermark'))
local counts_at = math.max(now, tonumber(watermark) * tonumber(width))

-- Everything in the ledger was settled here or in an epoch before: a counter that knows less was filled before it arrived.
local function take_spent(budget, spent, is_known)
  local is_changed = false
  for starts, amount in string.gmatch(spent, '(-?%d+)=(-?%d+)') do
    local usd, nanos = limbs(amount)
    local known_usd, known_nanos = charged_to(budget, tonumber(starts))
    if not is_known or is_positive(usd - known_usd, nanos - known_nanos) then
      charge(budget, tonumber(starts), usd - known_usd, nanos - known_nanos, counts_at)
      is_changed = true
    end
  end
  return is_changed
end

-- That has nothing but the holds that were asserted meanwhile.
local function begun(key, stored)
  local waiting = waiting_for(epoch)
  local budget = read_budget(stored, waiting, 0, now, 0)
  if not budget then
    budget = new_budget(key)
    budget[REBUILT] = rebuild
    return budget
  end
  other_buckets(budget, waiting)
  -- No attempt of this epoch is older than its first rebuild.
  budget[REBUILT] = 1
  return budget
end

for index = 4, #KEYS do
  local spent, over, percent, since, announces = unpack(ARGV, 11 + (index - 4) * 5, 15 + (index - 4) * 5)
  local key = KEYS[index]
  local stored = redis.call('GET', key)
  local known = read_budget(stored, epoch, 0, now, 0)
  local budget = known or begun(key, stored)
  local is_raised = take_spent(budget, spent, known ~= nil)
  if not known then
    budget[ANNOUNCED], budget[SINCE] = tonumber(percent), budget.window and tonumber(since) or 0
    if announces == '1' then
      announce(KEYS[1], KEYS[3], key, budget, epoch, tonumber(version), now)
    end
    write_budget(key, budget, epoch, now, tonumber(over) + tonumber(ARGV[6]))
  elseif is_raised then
    write_budget(key, budget, epoch, now, 0)
  end
end
return { 'OK', epoch }
