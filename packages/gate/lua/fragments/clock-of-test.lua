-- Stands in the place of clock.lua where a test moves time: the server's clock is a number under a key that the test names.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  return tonumber(redis.call('GET', '{{key of the test clock}}'))
end
