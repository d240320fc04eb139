-- What was done with one attempt: a string of fields, so that it costs one read and one write.
--   state    H held, S settled, V released (void), A abandoned: the asker had stopped waiting, nothing is held
--   ask      of the caller that owns the hold
--   epoch, rebuilds   of the counters when it was written
--   instant  that pinned the periods, ms
--   bucket, expected, worst   the hold; amounts are one text for all budgets, or one for each by commas, where they differ
--   seq, settled, amount      the first settlement, once there is one
--   entries  the pinned periods, opaque here
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local ATTEMPT_PATTERN =
  '^(.)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)$'

local function read_attempt(text)
  if not text then
    return nil
  end
  local state, ask, epoch, rebuilds, instant, bucket, expected, worst, seq, settled, amount, entries =
    string.match(text, ATTEMPT_PATTERN)
  return {
    text = text,
    state = state,
    ask = ask,
    epoch = epoch,
    rebuilds = rebuilds,
    instant = instant,
    bucket = bucket,
    expected = expected,
    worst = worst,
    seq = seq,
    settled = settled,
    amount = amount,
    entries = entries,
  }
end

-- So long after its hold an attempt is remembered that nobody ended. Of this epoch, and not there before: it was ended, and that is forgotten.
local UNENDED_MS = 7 * 24 * 3600 * 1000

local function unended_ttl_ms(hold_end_ms, now_ms, grace_ms)
  return hold_end_ms - now_ms + math.max(UNENDED_MS, grace_ms)
end

-- Without a time to live it keeps the one it has.
local function write_attempt(key, attempt, ttl_ms)
  local held_as = (attempt.bucket or '') .. '|' .. (attempt.expected or '') .. '|' .. (attempt.worst or '')
  local settled_as = (attempt.seq or '') .. '|' .. (attempt.settled or '') .. '|' .. (attempt.amount or '')
  attempt.text = attempt.state .. '|' .. (attempt.ask or '') .. '|' .. attempt.epoch .. '|' .. (attempt.rebuilds or '') .. '|'
    .. (attempt.instant or '') .. '|' .. held_as .. '|' .. settled_as .. '|' .. (attempt.entries or '')
  if ttl_ms then
    redis.call('SET', key, attempt.text, 'PX', whole(math.max(ttl_ms, 1)))
  else
    redis.call('SET', key, attempt.text, 'KEEPTTL')
  end
end

-- Its amounts are in the counters: the hold was made in this epoch, nobody ended it, and its bucket is not past.
local function is_live(attempt, state, current)
  return attempt ~= nil
    and attempt.state == 'H'
    and attempt.epoch == state.epoch
    and tonumber(attempt.bucket) >= current
end

local function differs(amounts)
  return string.find(amounts, ',', 1, true) ~= nil
end

local function amount_at(amounts, place)
  if not differs(amounts) then
    return limbs(amounts)
  end
  for amount in string.gmatch(amounts, '[^,]+') do
    place = place - 1
    if place == 0 then
      return limbs(amount)
    end
  end
end

-- As the budget at that place takes it.
local function hold_of(attempt, place)
  local expected_usd, expected_nanos = amount_at(attempt.expected, place)
  local worst_usd, worst_nanos = amount_at(attempt.worst, place)
  return {
    bucket = tonumber(attempt.bucket),
    rebuilds = tonumber(attempt.rebuilds),
    expected_usd = expected_usd,
    expected_nanos = expected_nanos,
    worst_usd = worst_usd,
    worst_nanos = worst_nanos,
  }
end
