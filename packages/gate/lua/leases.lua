-- leases: who may be admitting from a lease on a budget, so that one who is denied knows whether to wait for idle money.
--
-- KEYS  1.. registers of budget periods
-- ARGV  1 'E' enter, 'L' leave, 'R' recall  2 lease; '' for a recall  3 for how long, ms
-- Returns
--   OK others   entered or left; the largest number of other leases on one of the budgets
--   WANTED      not entered: somebody was denied a moment ago, and every lease would keep idle what that one needs
--   OUT wait    leases that may still hold idle money, for so many ms at most; 0 when there is none

-- include: fragments/clock.lua
-- include: fragments/time.lua

-- A member like the leases, so that it goes by time as they do.
local WANTED = 'wanted'

local now = server_now_ms()
local action, lease, until_ms = ARGV[1], ARGV[2], whole(now + tonumber(ARGV[3]))

local others, wait = 0, 0
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  if action == 'R' then
    redis.call('ZREM', key, WANTED)
    local latest = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, tonumber(latest[2] or now) - now)
  elseif action == 'E' and redis.call('ZSCORE', key, WANTED) then
    return { 'WANTED' }
  end
  others = math.max(others, redis.call('ZCARD', key))
end

for _, key in ipairs(KEYS) do
  if action == 'L' then
    redis.call('ZREM', key, lease)
  else
    redis.call('ZADD', key, until_ms, action == 'R' and WANTED or lease)
    keep_for(key, tonumber(ARGV[3]))
  end
end
if action == 'R' then
  return { 'OUT', whole(wait) }
end
return { 'OK', whole(others) }
