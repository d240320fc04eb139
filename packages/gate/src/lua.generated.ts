/* Made by scripts/generate-lua.ts from packages/gate/lua. Change those files, then run it again. */
export const LUA = {
  abandon: `-- abandon: undo a reserve whose caller stopped waiting. Nobody got the hold, so nobody will end it; this takes no sequence
-- number, because no settlement will reach the ledger.
--
-- KEYS  1 attempt  2 state  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ask  5 entries
-- Returns
--   OK      nothing is held for this ask, and nothing will be if it still arrives
--   KEPT    somebody asked again or the attempt has ended: left as it is
--   PINNED attempt   it was held on other periods: ask again with those
--   EPOCH   the organization's state is lost, and the hold with it

-- Money in two limbs: { usd, nanos }, value = usd * 10^9 + nanos with 0 <= nanos < 10^9.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
-- Counters themselves are changed by HINCRBY, which reads decimal strings as Int64.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local NOTHING = { usd = 0, nanos = 0 }
local LARGEST = { usd = 9223372036, nanos = 854775807 }

local MINUS = string.byte('-')

local function money(text)
  local digits, sign = text, 1
  if string.byte(text) == MINUS then
    digits, sign = string.sub(text, 2), -1
  end
  local usd = sign * (tonumber(string.sub(digits, 1, -10)) or 0)
  local nanos = sign * tonumber(string.sub(digits, -9))
  if nanos < 0 then
    usd, nanos = usd - 1, nanos + NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function plus(left, right)
  local usd, nanos = left.usd + right.usd, left.nanos + right.nanos
  if nanos >= NANOS_PER_USD then
    usd, nanos = usd + 1, nanos - NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function exceeds(left, right)
  return left.usd > right.usd or (left.usd == right.usd and left.nanos > right.nanos)
end

-- Only for sums of holds, which are never negative.
local function money_text(amount)
  if amount.usd == 0 then
    return string.format('%.0f', amount.nanos)
  end
  return string.format('%.0f%09.0f', amount.usd, amount.nanos)
end

-- "-0" is no integer to HINCRBY.
local function negated(text)
  return text == '0' and '0' or '-' .. text
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
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
-- Expiry buckets. A hold counts while the bucket of its last instant is not past. \`src/buckets.ts\` states the same rules.
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
-- One budget in one period: a hash with
--   g          epoch in which it was begun or rebuilt
--   s          which rebuild wrote it; holds of an earlier one are not in it
--   c          spent
--   h<bucket>  held until the bucket is past, at the expected cost
--   w<bucket>  the same at the worst cost
-- Absent is zero only when the period began after the counters did. Before that, absent means lost.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function is_lost(state, epoch, starts_ms)
  return epoch ~= state.epoch and starts_ms < state.seeded
end

local TRACKS = { [string.byte('h')] = 'expected', [string.byte('w')] = 'worst' }

-- Spent and live holds; \`past\` lists the fields to drop, \`oldest\` is the first bucket whose end gives something back.
local function read_budget(key, current)
  local budget = { spent = '0', expected = NOTHING, worst = NOTHING, past = {} }
  local fields = redis.call('HGETALL', key)
  for position = 1, #fields, 2 do
    local field, value = fields[position], fields[position + 1]
    local track = TRACKS[string.byte(field)]
    if track then
      local bucket = tonumber(string.sub(field, 2))
      if bucket < current then
        table.insert(budget.past, field)
      elseif value ~= '0' then
        budget[track] = plus(budget[track], money(value))
        budget.oldest = math.min(budget.oldest or bucket, bucket)
      end
    elseif field == 'g' then
      budget.epoch = value
    elseif field == 'c' then
      budget.spent = value
    end
  end
  return budget
end

local function add_hold(key, attempt)
  redis.call('HINCRBY', key, 'h' .. attempt.bucket, attempt.expected)
  redis.call('HINCRBY', key, 'w' .. attempt.bucket, attempt.worst)
end

-- Counted, not timed: a clock that steps back would make holds look older than they are.
local function is_rebuilt_since(attempt, rebuild)
  return rebuild and tonumber(rebuild) > tonumber(attempt.rebuilds)
end

local function take_out(key, field, amount)
  if redis.call('HINCRBY', key, field, negated(amount)) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- \`rebuild\` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end

local state = read_state(KEYS[2])
if not state then
  return { 'EPOCH' }
end

local ask = ARGV[4]
local known = read_attempt(KEYS[1])
if known and (known.ask ~= ask or known.state == 'S' or known.state == 'V') then
  return { 'KEPT' }
end
local current = current_bucket(state, server_now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]))
if is_live(known, state, current) then
  if known.entries ~= ARGV[5] then
    return { 'PINNED', known.text }
  end
  for index = 3, #KEYS do
    remove_hold(KEYS[index], known, redis.call('HGET', KEYS[index], 's'))
  end
end
write_attempt(KEYS[1], { state = 'A', ask = ask, epoch = state.epoch }, tonumber(ARGV[3]))
return { 'OK' }
`,
  balances: `-- balances: spent and held of budgets in their current periods. Changes nothing.
--
-- KEYS  1 state  2.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 configuration version
--       then per budget: period start, period end
-- Returns
--   OK balance..     a balance is three values: spent, held at the expected cost, held at the worst
--   CONFIG version   another configuration is live
--   PERIOD now       a named period is not the one of this instant
--   SEED index       the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH            the organization's state is lost, likewise

-- Money in two limbs: { usd, nanos }, value = usd * 10^9 + nanos with 0 <= nanos < 10^9.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
-- Counters themselves are changed by HINCRBY, which reads decimal strings as Int64.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local NOTHING = { usd = 0, nanos = 0 }
local LARGEST = { usd = 9223372036, nanos = 854775807 }

local MINUS = string.byte('-')

local function money(text)
  local digits, sign = text, 1
  if string.byte(text) == MINUS then
    digits, sign = string.sub(text, 2), -1
  end
  local usd = sign * (tonumber(string.sub(digits, 1, -10)) or 0)
  local nanos = sign * tonumber(string.sub(digits, -9))
  if nanos < 0 then
    usd, nanos = usd - 1, nanos + NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function plus(left, right)
  local usd, nanos = left.usd + right.usd, left.nanos + right.nanos
  if nanos >= NANOS_PER_USD then
    usd, nanos = usd + 1, nanos - NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function exceeds(left, right)
  return left.usd > right.usd or (left.usd == right.usd and left.nanos > right.nanos)
end

-- Only for sums of holds, which are never negative.
local function money_text(amount)
  if amount.usd == 0 then
    return string.format('%.0f', amount.nanos)
  end
  return string.format('%.0f%09.0f', amount.usd, amount.nanos)
end

-- "-0" is no integer to HINCRBY.
local function negated(text)
  return text == '0' and '0' or '-' .. text
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
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
-- Expiry buckets. A hold counts while the bucket of its last instant is not past. \`src/buckets.ts\` states the same rules.
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
-- One budget in one period: a hash with
--   g          epoch in which it was begun or rebuilt
--   s          which rebuild wrote it; holds of an earlier one are not in it
--   c          spent
--   h<bucket>  held until the bucket is past, at the expected cost
--   w<bucket>  the same at the worst cost
-- Absent is zero only when the period began after the counters did. Before that, absent means lost.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function is_lost(state, epoch, starts_ms)
  return epoch ~= state.epoch and starts_ms < state.seeded
end

local TRACKS = { [string.byte('h')] = 'expected', [string.byte('w')] = 'worst' }

-- Spent and live holds; \`past\` lists the fields to drop, \`oldest\` is the first bucket whose end gives something back.
local function read_budget(key, current)
  local budget = { spent = '0', expected = NOTHING, worst = NOTHING, past = {} }
  local fields = redis.call('HGETALL', key)
  for position = 1, #fields, 2 do
    local field, value = fields[position], fields[position + 1]
    local track = TRACKS[string.byte(field)]
    if track then
      local bucket = tonumber(string.sub(field, 2))
      if bucket < current then
        table.insert(budget.past, field)
      elseif value ~= '0' then
        budget[track] = plus(budget[track], money(value))
        budget.oldest = math.min(budget.oldest or bucket, bucket)
      end
    elseif field == 'g' then
      budget.epoch = value
    elseif field == 'c' then
      budget.spent = value
    end
  end
  return budget
end

local function add_hold(key, attempt)
  redis.call('HINCRBY', key, 'h' .. attempt.bucket, attempt.expected)
  redis.call('HINCRBY', key, 'w' .. attempt.bucket, attempt.worst)
end

-- Counted, not timed: a clock that steps back would make holds look older than they are.
local function is_rebuilt_since(attempt, rebuild)
  return rebuild and tonumber(rebuild) > tonumber(attempt.rebuilds)
end

local function take_out(key, field, amount)
  if redis.call('HINCRBY', key, field, negated(amount)) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- \`rebuild\` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end
if state.version ~= ARGV[3] then
  return { 'CONFIG', state.version }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local reply = { 'OK' }
for index = 1, #KEYS - 1 do
  local at = 3 + (index - 1) * 2
  local starts, ends = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if now < starts or now >= ends then
    return { 'PERIOD', whole(now) }
  end
  local budget = read_budget(KEYS[1 + index], current)
  if is_lost(state, budget.epoch, starts) then
    return { 'SEED', whole(index) }
  end
  table.insert(reply, budget.spent)
  table.insert(reply, money_text(budget.expected))
  table.insert(reply, money_text(budget.worst))
end
return reply
`,
  batch: `-- batch: add to what is known of a message batch, and tell what stands. What is known stays; asked with nothing, it only tells.
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
`,
  configuration: `-- configuration: the live snapshot.
--
-- KEYS  1 state
-- ARGV  none
-- Returns
--   OK snapshot   as JSON
--   EPOCH         the organization's state is lost, the configuration with it: absent is not empty

local values = redis.call('HMGET', KEYS[1], 'epoch', 'configuration')
if not values[1] then
  return { 'EPOCH' }
end
return { 'OK', values[2] }
`,
  counted: `-- counted: the items of a message batch that were counted.
--
-- KEYS  1 set of their event ids
-- ARGV  none
-- Returns
--   OK id..

local reply = { 'OK' }
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  table.insert(reply, id)
end
return reply
`,
  extend: `-- extend: move the end of a live hold to now + ttl.
--
-- KEYS  1 attempt  2 state  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ttl, ms  5 entries
--       then per budget: period start, period end
-- Returns
--   OK attempt       held until its new bucket is past
--   ENDED            it was settled, released or expired before, or is not known
--   PINNED attempt   it was held on other periods: ask again with those
--   EPOCH            the organization's state is lost

-- Money in two limbs: { usd, nanos }, value = usd * 10^9 + nanos with 0 <= nanos < 10^9.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
-- Counters themselves are changed by HINCRBY, which reads decimal strings as Int64.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local NOTHING = { usd = 0, nanos = 0 }
local LARGEST = { usd = 9223372036, nanos = 854775807 }

local MINUS = string.byte('-')

local function money(text)
  local digits, sign = text, 1
  if string.byte(text) == MINUS then
    digits, sign = string.sub(text, 2), -1
  end
  local usd = sign * (tonumber(string.sub(digits, 1, -10)) or 0)
  local nanos = sign * tonumber(string.sub(digits, -9))
  if nanos < 0 then
    usd, nanos = usd - 1, nanos + NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function plus(left, right)
  local usd, nanos = left.usd + right.usd, left.nanos + right.nanos
  if nanos >= NANOS_PER_USD then
    usd, nanos = usd + 1, nanos - NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function exceeds(left, right)
  return left.usd > right.usd or (left.usd == right.usd and left.nanos > right.nanos)
end

-- Only for sums of holds, which are never negative.
local function money_text(amount)
  if amount.usd == 0 then
    return string.format('%.0f', amount.nanos)
  end
  return string.format('%.0f%09.0f', amount.usd, amount.nanos)
end

-- "-0" is no integer to HINCRBY.
local function negated(text)
  return text == '0' and '0' or '-' .. text
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
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
-- Expiry buckets. A hold counts while the bucket of its last instant is not past. \`src/buckets.ts\` states the same rules.
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
-- One budget in one period: a hash with
--   g          epoch in which it was begun or rebuilt
--   s          which rebuild wrote it; holds of an earlier one are not in it
--   c          spent
--   h<bucket>  held until the bucket is past, at the expected cost
--   w<bucket>  the same at the worst cost
-- Absent is zero only when the period began after the counters did. Before that, absent means lost.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function is_lost(state, epoch, starts_ms)
  return epoch ~= state.epoch and starts_ms < state.seeded
end

local TRACKS = { [string.byte('h')] = 'expected', [string.byte('w')] = 'worst' }

-- Spent and live holds; \`past\` lists the fields to drop, \`oldest\` is the first bucket whose end gives something back.
local function read_budget(key, current)
  local budget = { spent = '0', expected = NOTHING, worst = NOTHING, past = {} }
  local fields = redis.call('HGETALL', key)
  for position = 1, #fields, 2 do
    local field, value = fields[position], fields[position + 1]
    local track = TRACKS[string.byte(field)]
    if track then
      local bucket = tonumber(string.sub(field, 2))
      if bucket < current then
        table.insert(budget.past, field)
      elseif value ~= '0' then
        budget[track] = plus(budget[track], money(value))
        budget.oldest = math.min(budget.oldest or bucket, bucket)
      end
    elseif field == 'g' then
      budget.epoch = value
    elseif field == 'c' then
      budget.spent = value
    end
  end
  return budget
end

local function add_hold(key, attempt)
  redis.call('HINCRBY', key, 'h' .. attempt.bucket, attempt.expected)
  redis.call('HINCRBY', key, 'w' .. attempt.bucket, attempt.worst)
end

-- Counted, not timed: a clock that steps back would make holds look older than they are.
local function is_rebuilt_since(attempt, rebuild)
  return rebuild and tonumber(rebuild) > tonumber(attempt.rebuilds)
end

local function take_out(key, field, amount)
  if redis.call('HINCRBY', key, field, negated(amount)) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- \`rebuild\` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end

local state = read_state(KEYS[2])
if not state then
  return { 'EPOCH' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local known = read_attempt(KEYS[1])
if not is_live(known, state, current) then
  return { 'ENDED' }
end
if known.entries ~= ARGV[5] then
  return { 'PINNED', known.text }
end
for index = 3, #KEYS do
  local counter = redis.call('HMGET', KEYS[index], 'g', 's')
  -- The hold went with a counter that was lost; there is nothing to move.
  if counter[1] ~= state.epoch or is_rebuilt_since(known, counter[2]) then
    return { 'ENDED' }
  end
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end, grace = bucket_end_ms(state, bucket), tonumber(ARGV[3])
pass_buckets(KEYS[2], state, current)
for index = 3, #KEYS do
  remove_hold(KEYS[index], known, nil)
end
known.bucket = whole(bucket)
for index = 3, #KEYS do
  local ends = tonumber(ARGV[5 + (index - 2) * 2])
  add_hold(KEYS[index], known)
  keep_for(KEYS[index], math.max(ends, hold_end) + grace - now)
end
write_attempt(KEYS[1], known, hold_end + grace - now)
return { 'OK', known.text }
`,
  publish: `-- publish: make a snapshot live if it follows the live one. From then on every reserve computed with another is told so.
--
-- KEYS  1 state
-- ARGV  1 version  2 snapshot as JSON
-- Returns
--   OK               it is live; also when exactly this was published before, because the answer may have been lost
--   CONFIG version   another one is live, this does not follow it
--   EPOCH            the organization's state is lost

local values = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'configuration')
if not values[1] then
  return { 'EPOCH' }
end
if values[2] == ARGV[1] and values[3] == ARGV[2] then
  return { 'OK' }
end
if tonumber(values[2]) + 1 ~= tonumber(ARGV[1]) then
  return { 'CONFIG', values[2] }
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'configuration', ARGV[2])
return { 'OK' }
`,
  reserve: `-- reserve: hold an amount on every budget that covers an attempt, or on none.
--
-- KEYS  1 attempt  2 state  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 ttl, ms  5 configuration version  6 '1' enforce, '0' observe  7 expected  8 worst  9 ask  10 entries
--       then per budget: limit, period start, period end
-- Returns
--   HELD now attempt refusal..     held on all; refusals only when observing
--   DUP attempt                    the attempt is known: this is the first answer
--   DENY now refusal..             it does not fit; a refusal is five values: index, spent, held, needed, retry at
--   CONFIG version                 another configuration is live
--   PERIOD now                     a named period is not the one of this instant
--   SEED index                     the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH                          the organization's state is lost, likewise
--   RANGE index                    the sum of holds would leave Int64
--   GONE                           this very ask was abandoned before it arrived
-- All but HELD leave the counters as they were.

-- Money in two limbs: { usd, nanos }, value = usd * 10^9 + nanos with 0 <= nanos < 10^9.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
-- Counters themselves are changed by HINCRBY, which reads decimal strings as Int64.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local NOTHING = { usd = 0, nanos = 0 }
local LARGEST = { usd = 9223372036, nanos = 854775807 }

local MINUS = string.byte('-')

local function money(text)
  local digits, sign = text, 1
  if string.byte(text) == MINUS then
    digits, sign = string.sub(text, 2), -1
  end
  local usd = sign * (tonumber(string.sub(digits, 1, -10)) or 0)
  local nanos = sign * tonumber(string.sub(digits, -9))
  if nanos < 0 then
    usd, nanos = usd - 1, nanos + NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function plus(left, right)
  local usd, nanos = left.usd + right.usd, left.nanos + right.nanos
  if nanos >= NANOS_PER_USD then
    usd, nanos = usd + 1, nanos - NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function exceeds(left, right)
  return left.usd > right.usd or (left.usd == right.usd and left.nanos > right.nanos)
end

-- Only for sums of holds, which are never negative.
local function money_text(amount)
  if amount.usd == 0 then
    return string.format('%.0f', amount.nanos)
  end
  return string.format('%.0f%09.0f', amount.usd, amount.nanos)
end

-- "-0" is no integer to HINCRBY.
local function negated(text)
  return text == '0' and '0' or '-' .. text
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
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
-- Expiry buckets. A hold counts while the bucket of its last instant is not past. \`src/buckets.ts\` states the same rules.
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
-- One budget in one period: a hash with
--   g          epoch in which it was begun or rebuilt
--   s          which rebuild wrote it; holds of an earlier one are not in it
--   c          spent
--   h<bucket>  held until the bucket is past, at the expected cost
--   w<bucket>  the same at the worst cost
-- Absent is zero only when the period began after the counters did. Before that, absent means lost.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function is_lost(state, epoch, starts_ms)
  return epoch ~= state.epoch and starts_ms < state.seeded
end

local TRACKS = { [string.byte('h')] = 'expected', [string.byte('w')] = 'worst' }

-- Spent and live holds; \`past\` lists the fields to drop, \`oldest\` is the first bucket whose end gives something back.
local function read_budget(key, current)
  local budget = { spent = '0', expected = NOTHING, worst = NOTHING, past = {} }
  local fields = redis.call('HGETALL', key)
  for position = 1, #fields, 2 do
    local field, value = fields[position], fields[position + 1]
    local track = TRACKS[string.byte(field)]
    if track then
      local bucket = tonumber(string.sub(field, 2))
      if bucket < current then
        table.insert(budget.past, field)
      elseif value ~= '0' then
        budget[track] = plus(budget[track], money(value))
        budget.oldest = math.min(budget.oldest or bucket, bucket)
      end
    elseif field == 'g' then
      budget.epoch = value
    elseif field == 'c' then
      budget.spent = value
    end
  end
  return budget
end

local function add_hold(key, attempt)
  redis.call('HINCRBY', key, 'h' .. attempt.bucket, attempt.expected)
  redis.call('HINCRBY', key, 'w' .. attempt.bucket, attempt.worst)
end

-- Counted, not timed: a clock that steps back would make holds look older than they are.
local function is_rebuilt_since(attempt, rebuild)
  return rebuild and tonumber(rebuild) > tonumber(attempt.rebuilds)
end

local function take_out(key, field, amount)
  if redis.call('HINCRBY', key, field, negated(amount)) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- \`rebuild\` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end

local state = read_state(KEYS[2])
if not state then
  return { 'EPOCH' }
end

local ask = ARGV[9]
local known = read_attempt(KEYS[1])
if known and known.state == 'A' then
  if known.ask == ask then
    return { 'GONE' }
  end
elseif known then
  -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
  if known.state == 'H' and known.ask ~= ask then
    known.ask = ask
    write_attempt(KEYS[1], known, 1)
  end
  return { 'DUP', known.text }
end

if state.version ~= ARGV[5] then
  return { 'CONFIG', state.version }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local expected, worst = money(ARGV[7]), money(ARGV[8])
local asked = {}
for index = 1, #KEYS - 2 do
  local at = 10 + (index - 1) * 3
  asked[index] = {
    key = KEYS[2 + index],
    limit = money(ARGV[at + 1]),
    starts = tonumber(ARGV[at + 2]),
    ends = tonumber(ARGV[at + 3]),
  }
end

for _, period in ipairs(asked) do
  if now < period.starts or now >= period.ends then
    return { 'PERIOD', whole(now) }
  end
end

-- The track that runs into the limit first is the one to judge by and to report.
local function refuse(refusals, index, period)
  local budget, spent = period.budget, money(period.budget.spent)
  local held, needed, amount = budget.worst, worst, ARGV[8]
  if exceeds(plus(budget.expected, expected), plus(budget.worst, worst)) then
    held, needed, amount = budget.expected, expected, ARGV[7]
  end
  if not exceeds(plus(spent, plus(held, needed)), period.limit) then
    return
  end
  local retry = period.ends
  if budget.oldest and not exceeds(plus(spent, needed), period.limit) then
    retry = math.min(retry, bucket_end_ms(state, budget.oldest))
  end
  for _, value in ipairs({ whole(index), budget.spent, money_text(held), amount, whole(retry) }) do
    table.insert(refusals, value)
  end
end

local refusals, crowded = {}, nil
for index, period in ipairs(asked) do
  period.budget = read_budget(period.key, current)
  if is_lost(state, period.budget.epoch, period.starts) then
    return { 'SEED', whole(index) }
  end
  refuse(refusals, index, period)
  if exceeds(plus(period.budget.expected, expected), LARGEST) or exceeds(plus(period.budget.worst, worst), LARGEST) then
    crowded = crowded or index
  end
end
if #refusals > 0 and ARGV[6] == '1' then
  return { 'DENY', whole(now), unpack(refusals) }
end
if crowded then
  return { 'RANGE', whole(crowded) }
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local grace = tonumber(ARGV[3])
local hold_end = bucket_end_ms(state, bucket)
local attempt = {
  state = 'H',
  ask = ask,
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = whole(now),
  bucket = whole(bucket),
  expected = ARGV[7],
  worst = ARGV[8],
  entries = ARGV[10],
}
pass_buckets(KEYS[2], state, current)
for _, period in ipairs(asked) do
  local is_new = period.budget.epoch ~= state.epoch
  if is_new then
    redis.call('DEL', period.key)
    redis.call('HSET', period.key, 'g', state.epoch)
  elseif #period.budget.past > 0 then
    redis.call('HDEL', period.key, unpack(period.budget.past))
  end
  add_hold(period.key, attempt)
  -- A counter that is there already lives beyond its period; only a hold may outlive that.
  if is_new or hold_end > period.ends then
    keep_for(period.key, math.max(period.ends, hold_end) + grace - now)
  end
end
write_attempt(KEYS[1], attempt, hold_end + grace - now)
return { 'HELD', whole(now), attempt.text, unpack(refusals) }
`,
  seed: `-- seed: begin or rebuild counters from what the ledger knows. The first caller begins the epoch; everybody after it only
-- fills in budget periods that are missing, so that any number of processes may seed at once.
--
-- KEYS  1 state  2.. budget periods
-- ARGV  1 epoch to begin, or '' to fill in only  2 width of a bucket, ms  3 last sequence number  4 configuration version  5 snapshot as JSON
--       6 grace of records, ms
--       then per budget: spent, an instant at which its period is over
-- Returns
--   OK epoch   the one in force, begun by this call or before it
--   EPOCH      there is none, and this call was only to fill in

-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end

local now = server_now_ms()
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch and ARGV[1] == '' then
  return { 'EPOCH' }
end
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1],
    'epoch', epoch, 'seeded', whole(now), 'rebuilds', '0', 'width', ARGV[2], 'watermark', '0', 'seq', ARGV[3],
    'version', ARGV[4], 'configuration', ARGV[5])
end
local rebuild = whole(redis.call('HINCRBY', KEYS[1], 'rebuilds', '1'))
for index = 2, #KEYS do
  local at = 6 + (index - 2) * 2
  if redis.call('HGET', KEYS[index], 'g') ~= epoch then
    redis.call('DEL', KEYS[index])
    redis.call('HSET', KEYS[index], 'g', epoch, 's', rebuild, 'c', ARGV[at + 1])
    keep_for(KEYS[index], tonumber(ARGV[at + 2]) + tonumber(ARGV[6]) - now)
  end
end
return { 'OK', epoch }
`,
  settle: `-- settle: end an attempt, with a charge or without. Never refuses for being too large: the money is spent.
--
-- KEYS  1 attempt  2 state  3.. budget periods of the hold, whatever the time is now
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 'S' settle, 'V' release  5 amount ('0' for a release)  6 entries  7 budget instant, ms
--       then per budget: period start, period end
-- Returns, each with the attempt as it stands now
--   OK       the hold was live and is replaced
--   LATE     it had ended by time; the charge counts
--   REOPEN   it had been released; the charge counts
--   ORPHAN   the attempt is not known; the charge counts
--   DUP      it was ended before, nothing changed: the attempt carries the first settlement
--   PINNED   the attempt was held on other periods: ask again with those
-- or, with nothing changed
--   SEED index   the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH        the organization's state is lost, likewise
--   RANGE index  spent would leave Int64

-- Money in two limbs: { usd, nanos }, value = usd * 10^9 + nanos with 0 <= nanos < 10^9.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
-- Counters themselves are changed by HINCRBY, which reads decimal strings as Int64.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local NOTHING = { usd = 0, nanos = 0 }
local LARGEST = { usd = 9223372036, nanos = 854775807 }

local MINUS = string.byte('-')

local function money(text)
  local digits, sign = text, 1
  if string.byte(text) == MINUS then
    digits, sign = string.sub(text, 2), -1
  end
  local usd = sign * (tonumber(string.sub(digits, 1, -10)) or 0)
  local nanos = sign * tonumber(string.sub(digits, -9))
  if nanos < 0 then
    usd, nanos = usd - 1, nanos + NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function plus(left, right)
  local usd, nanos = left.usd + right.usd, left.nanos + right.nanos
  if nanos >= NANOS_PER_USD then
    usd, nanos = usd + 1, nanos - NANOS_PER_USD
  end
  return { usd = usd, nanos = nanos }
end

local function exceeds(left, right)
  return left.usd > right.usd or (left.usd == right.usd and left.nanos > right.nanos)
end

-- Only for sums of holds, which are never negative.
local function money_text(amount)
  if amount.usd == 0 then
    return string.format('%.0f', amount.nanos)
  end
  return string.format('%.0f%09.0f', amount.usd, amount.nanos)
end

-- "-0" is no integer to HINCRBY.
local function negated(text)
  return text == '0' and '0' or '-' .. text
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
-- Milliseconds as text and as time to live.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Lua prints large numbers in exponent form, which Redis does not read.
local function whole(number)
  return string.format('%.0f', number)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function keep_for(key, ttl_ms)
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, whole(math.max(ttl_ms, 1)))
  end
end
-- The organization's state: a hash with
--   epoch          identity of all counters; new after every loss
--   seeded         when they were rebuilt, ms: zero is a fact only for periods that began later
--   rebuilds       how often counters were written from the ledger: tells a hold that a rebuilt counter does not know
--   width          of an expiry bucket, ms; one for all callers, or their buckets would not mean the same
--   watermark      buckets below it were declared past, and stay so when a clock steps back
--   seq            number of the last settlement
--   version        of the live configuration
--   configuration  the snapshot as JSON
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
-- Expiry buckets. A hold counts while the bucket of its last instant is not past. \`src/buckets.ts\` states the same rules.
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
-- One budget in one period: a hash with
--   g          epoch in which it was begun or rebuilt
--   s          which rebuild wrote it; holds of an earlier one are not in it
--   c          spent
--   h<bucket>  held until the bucket is past, at the expected cost
--   w<bucket>  the same at the worst cost
-- Absent is zero only when the period began after the counters did. Before that, absent means lost.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function is_lost(state, epoch, starts_ms)
  return epoch ~= state.epoch and starts_ms < state.seeded
end

local TRACKS = { [string.byte('h')] = 'expected', [string.byte('w')] = 'worst' }

-- Spent and live holds; \`past\` lists the fields to drop, \`oldest\` is the first bucket whose end gives something back.
local function read_budget(key, current)
  local budget = { spent = '0', expected = NOTHING, worst = NOTHING, past = {} }
  local fields = redis.call('HGETALL', key)
  for position = 1, #fields, 2 do
    local field, value = fields[position], fields[position + 1]
    local track = TRACKS[string.byte(field)]
    if track then
      local bucket = tonumber(string.sub(field, 2))
      if bucket < current then
        table.insert(budget.past, field)
      elseif value ~= '0' then
        budget[track] = plus(budget[track], money(value))
        budget.oldest = math.min(budget.oldest or bucket, bucket)
      end
    elseif field == 'g' then
      budget.epoch = value
    elseif field == 'c' then
      budget.spent = value
    end
  end
  return budget
end

local function add_hold(key, attempt)
  redis.call('HINCRBY', key, 'h' .. attempt.bucket, attempt.expected)
  redis.call('HINCRBY', key, 'w' .. attempt.bucket, attempt.worst)
end

-- Counted, not timed: a clock that steps back would make holds look older than they are.
local function is_rebuilt_since(attempt, rebuild)
  return rebuild and tonumber(rebuild) > tonumber(attempt.rebuilds)
end

local function take_out(key, field, amount)
  if redis.call('HINCRBY', key, field, negated(amount)) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- \`rebuild\` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end

local state = read_state(KEYS[2])
if not state then
  return { 'EPOCH' }
end

local kind, amount, entries = ARGV[4], ARGV[5], ARGV[6]
local known = read_attempt(KEYS[1])
if known and known.state == 'A' then
  known = nil
end
if known and (known.state == 'S' or known.state == kind) then
  return { 'DUP', known.text }
end
if known and known.entries ~= entries then
  return { 'PINNED', known.text }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local grace = tonumber(ARGV[3])
local charge = money(amount)
local counters = {}
for index = 1, #KEYS - 2 do
  local at = 7 + (index - 1) * 2
  local counter = redis.call('HMGET', KEYS[2 + index], 'g', 'c', 's')
  counters[index] = counter
  -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charge still counts.
  if now < tonumber(ARGV[at + 2]) and is_lost(state, counter[1], tonumber(ARGV[at + 1])) then
    return { 'SEED', whole(index) }
  end
  if exceeds(plus(money(counter[2] or '0'), charge), LARGEST) then
    return { 'RANGE', whole(index) }
  end
end

local live = is_live(known, state, current)
local outcome = 'ORPHAN'
if live then
  outcome = 'OK'
elseif known and known.state == 'V' then
  outcome = 'REOPEN'
elseif known and known.epoch == state.epoch then
  outcome = 'LATE'
end

pass_buckets(KEYS[2], state, current)
for index = 1, #KEYS - 2 do
  local key, counter = KEYS[2 + index], counters[index]
  if live then
    remove_hold(key, known, counter[3])
  end
  if kind == 'S' then
    redis.call('HINCRBY', key, 'c', amount)
    if not counter[1] then
      redis.call('HSET', key, 'g', state.epoch)
      keep_for(key, math.max(tonumber(ARGV[7 + index * 2]), now) + grace - now)
    end
  end
end

-- Gapless: a number that is missing in the ledger is a settlement that never arrived there.
local seq = redis.call('HINCRBY', KEYS[2], 'seq', '1')
local attempt = {
  state = kind,
  ask = known and known.ask,
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = known and known.instant or ARGV[7],
  bucket = known and known.bucket,
  expected = known and known.expected,
  worst = known and known.worst,
  seq = whole(seq),
  settled = whole(now),
  amount = amount,
  entries = entries,
}
write_attempt(KEYS[1], attempt, grace)
return { outcome, attempt.text }
`,
} as const;

/** The part of every script that reads the clock, and what tests put in its place. */
export const CLOCK = `-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end`;
export const CLOCK_OF_TEST = `-- Stands in the place of clock.lua where a test moves time: the server's clock is a number under a key that the test names.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  return tonumber(redis.call('GET', '{{key of the test clock}}'))
end`;
