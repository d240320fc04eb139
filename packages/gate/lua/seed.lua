-- seed: begin or rebuild counters from what the ledger knows. The first caller begins the epoch; everybody after it only
-- fills in budget periods that are missing, so that any number of processes may seed at once.
--
-- KEYS  1 state  2.. budget periods
-- ARGV  1 epoch to begin, or '' to fill in only  2 width of a bucket, ms  3 last sequence number  4 configuration version  5 snapshot as JSON
--       6 grace of records, ms
--       then per budget: spent, an instant at which its period is over
-- Returns
--   OK epoch   the one in force, begun by this call or before it
--   EPOCH      there is none, and this call was only to fill in

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/budget.lua

local now = server_now_ms()
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch and ARGV[1] == '' then
  return { 'EPOCH' }
end
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1],
    'epoch', epoch, 'seeded', whole(now), 'rebuilds', '0', 'width', ARGV[2], 'watermark', '0', 'seq', ARGV[3],
    'version', ARGV[4], 'configuration', ARGV[5])
end
local rebuild = redis.call('HINCRBY', KEYS[1], 'rebuilds', '1')
for index = 2, #KEYS do
  local at = 6 + (index - 2) * 2
  if not read_budget(redis.call('GET', KEYS[index]), epoch, 0) then
    local budget = new_budget()
    budget[REBUILT] = rebuild
    budget[SPENT], budget[SPENT + 1] = limbs(ARGV[at + 1])
    write_budget(KEYS[index], budget, epoch, now, tonumber(ARGV[at + 2]) + tonumber(ARGV[6]))
  end
end
return { 'OK', epoch }
