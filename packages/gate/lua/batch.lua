-- batch: add to what is known of a message batch, and tell what stands. What is known stays; asked with nothing, it only tells.
--
-- KEYS  1 batch: a hash with owner, ended, whole, kept  2 set of the event ids of counted items
-- ARGV  1 lifetime, ms  2 owner as JSON, or ''  3 when it ended, ms, or ''
--       4 '1': the copy is whole, or ''  5 '1': the owner is kept elsewhere, or ''  6.. event ids
-- Returns
--   OK owner ended whole kept items   '' for what is not known; the number of counted items

local given = { owner = ARGV[2], ended = ARGV[3], whole = ARGV[4], kept = ARGV[5] }
for field, value in pairs(given) do
  if value ~= '' then
    redis.call('HSETNX', KEYS[1], field, value)
  end
end
for index = 6, #ARGV do
  redis.call('SADD', KEYS[2], ARGV[index])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])

local known = redis.call('HMGET', KEYS[1], 'owner', 'ended', 'whole', 'kept')
for index = 1, 4 do
  known[index] = known[index] or ''
end
return { 'OK', known[1], known[2], known[3], known[4], tostring(redis.call('SCARD', KEYS[2])) }
