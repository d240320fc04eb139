-- Time. The server's clock decides periods and expiry, because it is the one clock that all callers share.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
