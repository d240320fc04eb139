-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
--   filled:<period>  of a budget with a counter for each value: all values that the ledger knew of in that period were filled in
--   thresholds     of its budgets, as announce.lua reads them
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function read_state(key)
  local values = redis.call('HMGET', key, 'epoch', 'seeded', 'width', 'watermark', 'version', 'rebuilds')
  if not values[1] then
    return nil
  end
  return {
    epoch = values[1],
    seeded = tonumber(values[2]),
    width = tonumber(values[3]),
    watermark = tonumber(values[4]),
    version = values[5],
    rebuilds = values[6],
  }
end

-- Whether a counter that is missing was lost. It was not, and is zero, when its period began after the counters did, and for one
-- value's of those that were filled in; but for what is stored all the same, of another epoch or waiting for sums.
local function is_lost(state, state_key, key, stored, starts, now_ms)
  if counts_from_ms(key, starts, now_ms) >= state.seeded then
    return false
  end
  local period = string.match(key, ':budget:([^:]+:[^:]+:[^:]+):')
  return stored or not period or redis.call('HEXISTS', state_key, 'filled:' .. period) == 0
end
