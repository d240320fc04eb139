-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
