-- outbox: announcements (fragments/announce.lua) that somebody has to be told of. Who takes some has them alone for a while; whatever is
-- not removed by then is anybody's again.
--
-- KEYS  1 outbox
-- ARGV  1 'T' take, 'P' put, 'R' remove, 'W' which wait  2 for how long nobody gets them afterwards, ms  3 how many at most
--       then the announcements to put or to remove
-- Returns
--   OK announcement..   those taken, or all that wait; the longest waiting first

-- include: fragments/money.lua
-- include: fragments/clock.lua
-- include: fragments/time.lua
-- include: fragments/window.lua
-- include: fragments/budget.lua
-- include: fragments/announce.lua

local now, action = server_now_ms(), ARGV[1]
local reply = { 'OK' }
if action == 'R' then
  redis.call('ZREM', KEYS[1], unpack(ARGV, 4))
  return reply
end

local concerned = { unpack(ARGV, 4) }
if action == 'T' then
  concerned = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now), 'LIMIT', 0, ARGV[3])
elseif action == 'W' then
  concerned = redis.call('ZRANGE', KEYS[1], 0, -1)
end
for _, announcement in ipairs(concerned) do
  if action ~= 'W' then
    keep_announcement(KEYS[1], now + tonumber(ARGV[2]), announcement)
  end
  table.insert(reply, announcement)
end
return reply
