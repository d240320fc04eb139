-- publish: make a snapshot live if it follows the live one. From then on every reserve computed with another is told so.
--
-- KEYS  1 state
-- ARGV  1 version  2 snapshot as JSON  3 thresholds of its budgets (fragments/announce.lua)
-- Returns
--   OK               it is live; also when exactly this was published before, because the answer may have been lost
--   CONFIG version   another one is live, this does not follow it
--   EPOCH            the organization's state is lost

local values = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'configuration')
if not values[1] then
  return { 'EPOCH' }
end
if values[2] == ARGV[1] and values[3] == ARGV[2] then
  return { 'OK' }
end
if tonumber(values[2]) + 1 ~= tonumber(ARGV[1]) then
  return { 'CONFIG', values[2] }
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'configuration', ARGV[2], 'thresholds', ARGV[3])
return { 'OK' }
