-- pulse: does Redis still know what it answered this process?
--
-- KEYS  1 state  2 where its last answer stands: an attempt, or the endings of a lease; none before the first
-- ARGV  1 epoch of that answer, or ''  2 'held', 'ended', or 'ending ' and a field of the endings
-- Returns
--   OK epoch age   the one in force, and for how long it has been, ms
--   LOST epoch     it is in force still, but what was answered in it is gone (a failover)
--   EPOCH          the organization's state is lost

-- include: fragments/clock.lua
-- include: fragments/time.lua

local function is_known()
  if string.sub(ARGV[2], 1, 7) == 'ending ' then
    return redis.call('HEXISTS', KEYS[2], string.sub(ARGV[2], 8)) == 1
  end
  local attempt = redis.call('GET', KEYS[2])
  return attempt and (ARGV[2] == 'held' or string.sub(attempt, 1, 1) ~= 'H')
end

local epoch, seeded = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seeded'))
if not epoch then
  return { 'EPOCH' }
end
if ARGV[1] == epoch and not is_known() then
  return { 'LOST', epoch }
end
return { 'OK', epoch, whole(server_now_ms() - tonumber(seeded)) }
