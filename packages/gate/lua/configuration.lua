-- configuration: the live snapshot.
--
-- KEYS  1 state
-- ARGV  none
-- Returns
--   OK snapshot   as JSON
--   EPOCH         the organization's state is lost, the configuration with it: absent is not empty

local values = redis.call('HMGET', KEYS[1], 'epoch', 'configuration')
if not values[1] then
  return { 'EPOCH' }
end
return { 'OK', values[2] }
