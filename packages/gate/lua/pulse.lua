-- pulse: does Redis still know what it told this process?
--
-- KEYS  1 state  2 the attempt that this process ended last, if any
-- ARGV  1 epoch in which it did, or ''
-- Returns
--   OK epoch     the one in force
--   LOST epoch   it is in force still, but forgot that attempt: what it answered last is gone (a failover)
--   EPOCH        the organization's state is lost

local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  return { 'EPOCH' }
end
if #KEYS == 2 and ARGV[1] == epoch then
  local attempt = redis.call('GET', KEYS[2])
  if not attempt or string.sub(attempt, 1, 1) == 'H' then
    return { 'LOST', epoch }
  end
end
return { 'OK', epoch }
