-- counted: the items of a message batch that were counted.
--
-- KEYS  1 set of their event ids
-- ARGV  none
-- Returns
--   OK id..

local reply = { 'OK' }
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  table.insert(reply, id)
end
return reply
