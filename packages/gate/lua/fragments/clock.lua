-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
