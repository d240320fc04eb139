-- What was done with one attempt: a string of fields, so that it costs one read and one write.
--   state    H held, S settled, V released (void), A abandoned: the asker had stopped waiting, nothing is held
--   ask      of the caller that owns the hold
--   epoch, rebuilds   of the counters when it was written
--   instant  that pinned the periods, ms
--   bucket, expected, worst   the hold, the same amounts on every budget
--   seq, settled, amount      the first settlement, once there is one
--   entries  the pinned periods, opaque here
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local ATTEMPT_FIELDS =
  { 'state', 'ask', 'epoch', 'rebuilds', 'instant', 'bucket', 'expected', 'worst', 'seq', 'settled', 'amount', 'entries' }

local function read_attempt(key)
  local text = redis.call('GET', key)
  if not text then
    return nil
  end
  local attempt, position = { text = text }, 0
  for value in string.gmatch(text .. '|', '([^|]*)|') do
    position = position + 1
    attempt[ATTEMPT_FIELDS[position]] = value
  end
  return attempt
end

local function write_attempt(key, attempt, ttl_ms)
  local values = {}
  for position, field in ipairs(ATTEMPT_FIELDS) do
    values[position] = attempt[field] or ''
  end
  attempt.text = table.concat(values, '|')
  redis.call('SET', key, attempt.text, 'PX', whole(math.max(ttl_ms, redis.call('PTTL', key), 1)))
end

-- Its amounts are in the counters: the hold was made in this epoch, nobody ended it, and its bucket is not past.
local function is_live(attempt, state, current)
  return attempt ~= nil
    and attempt.state == 'H'
    and attempt.epoch == state.epoch
    and tonumber(attempt.bucket) >= current
end
