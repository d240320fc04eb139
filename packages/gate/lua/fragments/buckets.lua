-- Expiry buckets. A hold counts while the bucket of its last instant is not past. `src/buckets.ts` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local BUCKETS_PER_HOLD = 16

-- Both clocks must agree that a bucket is past: a jump of either alone must not free holds of calls still in flight.
local function current_bucket(state, now_ms, client_now_ms, max_skew_ms)
  local agreed_ms = math.min(now_ms, client_now_ms + max_skew_ms)
  return math.max(math.floor(agreed_ms / state.width), state.watermark)
end

local function expiry_bucket(state, now_ms, ttl_ms)
  local last = math.floor((now_ms + ttl_ms) / state.width)
  local step = math.max(1, math.floor(ttl_ms / state.width / BUCKETS_PER_HOLD))
  return math.max((math.floor(last / step) + 1) * step - 1, state.watermark)
end

local function bucket_end_ms(state, bucket)
  return (bucket + 1) * state.width
end

local function pass_buckets(state_key, state, current)
  if current > state.watermark then
    redis.call('HSET', state_key, 'watermark', whole(current))
  end
end
