/* Made by scripts/generate-lua.ts from packages/gate/lua. Change those files, then run it again. */
export const LUA = {
  abandon: `-- abandon: undo a reserve whose caller stopped waiting. Nobody got the hold, so nobody will end it; this takes no sequence
-- number, because no settlement will reach the ledger.
--
-- KEYS  1 state  2 attempt  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ask  5 entries
-- Returns
--   OK      nothing is held for this ask, and nothing will be if it still arrives
--   KEPT    somebody asked again or the attempt has ended: left as it is
--   PINNED attempt   it was held on other periods: ask again with those
--   EPOCH   the organization's state is lost, and the hold with it

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local ask = ARGV[4]
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if known and (known.ask ~= ask or known.state == 'S' or known.state == 'V') then
  return { 'KEPT' }
end
local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
if is_live(known, state, current) then
  if known.entries ~= ARGV[5] then
    return { 'PINNED', known.text }
  end
  pass_buckets(KEYS[1], state, current)
  for index = 3, #KEYS do
    local budget = read_budget(stored[index - 1], state.epoch, current, now, past)
    if budget then
      remove_hold(budget, state.epoch, hold_of(known, index - 2))
      write_budget(KEYS[index], budget, state.epoch, now, 0)
    end
  end
end
local abandoned = { state = 'A', ask = ask, epoch = state.epoch }
write_attempt(KEYS[2], abandoned, tonumber(ARGV[3]))
return { 'OK' }
`,
  assert: `-- assert: put a hold back, or what is left of a lease, that its owner still has and Redis has lost. The money may be spent already:
-- no limit is asked.
--
-- KEYS  1 state  2 attempt  3 closed (seed.lua)  4.. budget periods of the hold
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 what is left of its ttl, ms  5 expected amounts  6 worst amounts  7 entries  8 budget instant, ms
--       then per budget: period start, period end
-- Returns
--   OK          it is held again
--   DUP         it is held, or has ended, in this epoch
--   SEED index  the budget's counter is lost, and no longer waits for holds: rebuild it from the ledger, then ask again
--   EPOCH       the organization's state is lost

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- After a loss a counter that has holds already waits to be filled in from the ledger. Until then it is of an epoch that never is in
-- force, so that to everybody else it is absent.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function waiting_for(epoch)
  return epoch .. '~'
end

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end
local stored = redis.call('MGET', KEYS[2], unpack(KEYS, 4))
local known = read_attempt(stored[1])
if known and known.epoch == state.epoch then
  return { 'DUP' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local is_closed = redis.call('EXISTS', KEYS[3]) == 1
local counters = {}
for index = 1, #KEYS - 3 do
  local key, starts, ends = KEYS[3 + index], tonumber(ARGV[7 + index * 2]), tonumber(ARGV[8 + index * 2])
  local epoch, budget = state.epoch, read_budget(stored[1 + index], state.epoch, current, now, past)
  if not budget and counts_from_ms(key, starts, now) < state.seeded then
    if not is_closed and not is_over(key, ends, now) then
      return { 'SEED', whole(index) }
    end
    epoch = waiting_for(state.epoch)
    budget = read_budget(stored[1 + index], epoch, current, now, past)
  end
  counters[index] = { budget = budget or new_budget(key), epoch = epoch, ends = ends }
end

local grace = tonumber(ARGV[3])
local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end = bucket_end_ms(state, bucket)
local attempt = {
  state = 'H',
  epoch = state.epoch,
  rebuilds = state.rebuilds,
  instant = ARGV[8],
  bucket = whole(bucket),
  expected = ARGV[5],
  worst = ARGV[6],
  entries = ARGV[7],
}
pass_buckets(KEYS[1], state, current)
for index, counter in ipairs(counters) do
  add_hold(counter.budget, counter.epoch, hold_of(attempt, index))
  write_budget(KEYS[3 + index], counter.budget, counter.epoch, now, math.max(counter.ends, hold_end) + grace)
end
write_attempt(KEYS[2], attempt, unended_ttl_ms(hold_end, now, grace))
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

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
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
local past = bucket_end_ms(state, current - 1)
local reply = { 'OK' }
for index = 1, #KEYS - 1 do
  local at = 3 + (index - 1) * 2
  local starts, ends = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if now < starts or now >= ends then
    return { 'PERIOD', whole(now) }
  end
  local key = KEYS[1 + index]
  local stored = redis.call('GET', key)
  local budget = read_budget(stored, state.epoch, current, now, past)
  if not budget and is_lost(state, KEYS[1], key, stored, starts, now) then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget(key)
  table.insert(reply, money_text(budget[SPENT], budget[SPENT + 1]))
  table.insert(reply, money_text(held(budget, EXPECTED)))
  table.insert(reply, money_text(held(budget, WORST)))
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
  endings: `-- endings: end attempts of one lease, all of a batch or one alone, and give back what the lease will not hand out any more.
-- The lease is an attempt record whose amounts are what it still holds: for attempts in flight, and for those it may admit.
--
-- KEYS  1 state  2 attempt record of the lease  3 its endings  4 the outbox  5.. budget periods of the lease
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms
--       4 number of the batch, unique in the lease; '' for one attempt that anybody may have ended before
--       5 items: 'S:<attempt>:<position from 0>:<charge>', 'V' for a release, by colons  6 how many  7 sum of their charges
--       8 what to give back, expected  9 worst  10 entries  11 budget instant, ms, and ':<epoch of the lease>' behind it where how its
--       attempts ended may be forgotten
--       then per budget: period start, period end
-- Returns, each with the first number, the instant and the epoch of these endings
--   OK       the lease was live
--   LATE     it had ended by time; the charges count
--   REOPEN   the one attempt had been released; the charge counts
--   ORPHAN   the lease is not known; the charges count
--   AGAIN    they were ended before, and their numbers are forgotten: new ones, and nothing counts a second time
-- or, with nothing changed
--   DUP seq instant epoch kind amount   the one attempt was ended before, like this
--   SPLIT           somebody ended one of the batch alone: end each alone
--   PINNED lease    the lease was taken on other periods: ask again with those
--   SEED index      the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH           the organization's state is lost, likewise
--   RANGE index     spent would leave Int64

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- Thresholds of a budget, each announced once in its period, by the script that takes what is spent to it. A rolling window has none: what
-- it announces first begins one, which is over when the window has passed. A budget (budget.lua) holds
--   announced   the highest threshold that was announced, in percent: sticky, whatever becomes of spent or limit
--   judged      the configuration version by which \`next\` was found; 0 where it has to be found again
--   next        the amount at which there is something to announce, in two limbs
--   since       of a rolling window: the part in which it announced first, 0 for none
-- so that a charge below it costs one comparison. The state's \`thresholds\` has what \`src/thresholds.ts\` made of the configuration.
-- An announcement waits in the outbox: a sorted set of '<period key>|<percent>|<spent>|<limit>|<instant>' by when it may be taken.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local MOST_ANNOUNCEMENTS = 1000
local ANNOUNCEMENTS_FOR_MS = 32 * 24 * 3600 * 1000
local FOREVER_MS = 9007199254740991

-- Those of one value's counter, of which grants may be, stand before those of its budget. Behind them its breaker (pace.lua), if it has one.
local function thresholds_of(state_key, period, now_ms)
  local text = redis.call('HGET', state_key, 'thresholds') or ''
  local budget_id, unit, value = string.match(period, '^([^:]+):([^:]+):[^:]+(.*)$')
  local measure = string.match(unit, '^(%a+)%.')
  if measure then
    budget_id = measure .. '/' .. budget_id
  end
  local _, at = string.find(text, '\\n' .. budget_id .. value .. ' ', 1, true)
  if not at then
    _, at = string.find(text, '\\n' .. budget_id .. ' ', 1, true)
  end
  if not at then
    return nil
  end
  for _, step in ipairs(cjson.decode(string.match(text, '^[^\\n]*', at + 1))) do
    local until_ms, limit, thresholds, velocity = unpack(step)
    if now_ms < until_ms then
      return thresholds, limit, until_ms, velocity
    end
  end
end

local function is_announced_anew(budget, now_ms)
  return budget[SINCE] > 0 and now_ms >= part_is_out_ms(budget[SINCE], budget[PART])
end

local function is_due(budget, version, now_ms)
  return budget[JUDGED] ~= version
    or is_announced_anew(budget, now_ms)
    or not is_positive(budget[NEXT] - budget[SPENT], budget[NEXT + 1] - budget[SPENT + 1])
end

-- The oldest give way: whoever wants to be told looks more often than that.
local function keep_announcement(outbox_key, from_ms, announcement)
  redis.call('ZADD', outbox_key, whole(from_ms), announcement)
  redis.call('ZREMRANGEBYRANK', outbox_key, 0, -MOST_ANNOUNCEMENTS - 1)
  redis.call('PEXPIRE', outbox_key, whole(ANNOUNCEMENTS_FOR_MS))
end

-- The period that an announcement names: of a rolling window the one that its first announcement began.
local function announced_period(period, budget, now_ms)
  if not budget.window then
    return period
  end
  if budget[SINCE] == 0 then
    budget[SINCE] = math.floor(now_ms / budget[PART]) * budget[PART]
  end
  return (string.gsub(period, ':0$', ':' .. whole(budget[SINCE])))
end

-- Only where \`is_due\`. Who calls it writes the budget.
local function announce(state_key, outbox_key, budget_key, budget, epoch, version, now_ms)
  local period = string.match(budget_key, ':budget:(.*)$')
  local thresholds, limit, until_ms = thresholds_of(state_key, period, now_ms)
  other_buckets(budget, epoch)
  budget[JUDGED], budget[NEXT], budget[NEXT + 1] = version, math.huge, 0
  if is_announced_anew(budget, now_ms) then
    budget[ANNOUNCED], budget[SINCE] = 0, 0
  end
  for _, threshold in ipairs(thresholds or {}) do
    local percent, usd, nanos = unpack(threshold)
    if is_positive(usd - budget[SPENT], nanos - budget[SPENT + 1]) then
      budget[NEXT], budget[NEXT + 1] = usd, nanos
      break
    end
    if percent > budget[ANNOUNCED] then
      budget[ANNOUNCED] = percent
      local spent = money_text(budget[SPENT], budget[SPENT + 1])
      local named = announced_period(period, budget, now_ms)
      keep_announcement(outbox_key, now_ms, table.concat({ named, percent, spent, limit, whole(now_ms) }, '|'))
    end
  end
  if until_ms and until_ms < FOREVER_MS then
    budget[JUDGED] = 0
  end
end

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local batch, items, count, amount = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local kind, id = string.match(items, '^(%a):([^:]+):')

-- What ended in an epoch that was lost since is charged anew: whoever asks again never got its number, so no ledger has it.
local function is_of_epoch(text)
  return string.match(text, '^%d+|%d+|([^|]*)|') == state.epoch
end

-- Endings stand together as they came, which costs nothing per attempt; only who asks for one alone has to look for it.
local function ending_of(wanted)
  local mark = wanted .. ':' .. id .. ':'
  for _, text in ipairs(redis.call('HVALS', KEYS[3])) do
    local at = string.find(text, mark, 1, true)
    if at and is_of_epoch(text) then
      local first, settled, epoch = string.match(text, '^(%d+)|(%d+)|([^|]*)|')
      local position, charge = string.match(text, '^(%d+):(%d+)', at + #mark)
      return { 'DUP', whole(tonumber(first) + tonumber(position)), settled, epoch, wanted, charge }
    end
  end
end

local is_reopened = false
if batch == '' then
  local settled, released = ending_of('S'), ending_of('V')
  if settled or (released and kind == 'V') then
    return settled or released
  end
  is_reopened = released ~= nil
else
  local before = redis.call('HGET', KEYS[3], batch)
  if before and is_of_epoch(before) then
    local first, settled, epoch, outcome = string.match(before, '^(%d+)|(%d+)|([^|]*)|(%a+)|')
    return { outcome, first, settled, epoch }
  end
  if redis.call('HEXISTS', KEYS[3], 'alone') == 1 then
    for ended_kind, ended in string.gmatch(items, '(%a):([^:]+):') do
      if redis.call('HEXISTS', KEYS[3], 'S:' .. ended) + redis.call('HEXISTS', KEYS[3], 'V:' .. ended) > 0 then
        return { 'SPLIT' }
      end
    end
  end
end

local stored = redis.call('MGET', KEYS[2], unpack(KEYS, 5))
local lease = read_attempt(stored[1])
if lease and lease.entries ~= ARGV[10] then
  return { 'PINNED', lease.text }
end

local now = server_now_ms()
local grace = tonumber(ARGV[3])

-- Gapless: the batch takes as many numbers as it has endings.
local function take_numbers(outcome)
  local last = redis.call('HINCRBY', KEYS[1], 'seq', count)
  local first = whole(last - tonumber(count) + 1)
  -- Of what was forgotten, a release does not tell whether it was charged before: a settle after it must not count.
  if outcome ~= 'AGAIN' or not string.find(items, 'V:', 1, true) then
    local field = batch
    if batch == '' then
      field = kind .. ':' .. id
      redis.call('HSET', KEYS[3], 'alone', '1')
    end
    redis.call('HSET', KEYS[3], field, table.concat({ first, whole(now), state.epoch, outcome, items }, '|'))
  end
  return { outcome, first, whole(now), state.epoch }
end

-- A lease is remembered for as long as it holds anything of an attempt, and so is how its attempts ended.
local instant, made_in = string.match(ARGV[11], '^([^:]+):?(.*)$')
local is_over_and_done = not stored[1] or (lease and lease.state == 'V')
if count ~= '0' and not is_reopened and is_over_and_done and made_in == state.epoch and now < tonumber(instant) + UNENDED_MS then
  local outcome = 'AGAIN'
  local reply = take_numbers(outcome)
  keep_for(KEYS[3], grace)
  return reply
end

local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local charge_usd, charge_nanos = limbs(amount)
local budgets = {}
for index = 1, #KEYS - 4 do
  local key, starts, ends = KEYS[4 + index], tonumber(ARGV[10 + index * 2]), tonumber(ARGV[11 + index * 2])
  local budget = read_budget(stored[1 + index], state.epoch, current, now, past)
  -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charges still count.
  if not budget and not is_over(key, ends, now) and is_lost(state, KEYS[1], key, stored[1 + index], starts, now) then
    return { 'SEED', whole(index) }
  end
  budget = budget or new_budget(key)
  budgets[index] = budget
  if is_positive(budget[SPENT] + charge_usd - LARGEST_USD, budget[SPENT + 1] + charge_nanos - LARGEST_NANOS) then
    return { 'RANGE', whole(index) }
  end
end

local live = is_live(lease, state, current) and not is_reopened
local outcome = 'ORPHAN'
if live then
  outcome = 'OK'
elseif is_reopened then
  outcome = 'REOPEN'
elseif lease and lease.epoch == state.epoch then
  outcome = 'LATE'
end

-- Never more than the lease still holds: the rest would be somebody else's.
local function part_of_lease()
  local rest, part = hold_of(lease), hold_of(lease)
  part.expected_usd, part.expected_nanos = limbs(ARGV[8])
  part.worst_usd, part.worst_nanos = limbs(ARGV[9])
  if is_positive(part.expected_usd - rest.expected_usd, part.expected_nanos - rest.expected_nanos) then
    part.expected_usd, part.expected_nanos = rest.expected_usd, rest.expected_nanos
  end
  if is_positive(part.worst_usd - rest.worst_usd, part.worst_nanos - rest.worst_nanos) then
    part.worst_usd, part.worst_nanos = rest.worst_usd, rest.worst_nanos
  end
  lease.expected = money_text(rest.expected_usd - part.expected_usd, rest.expected_nanos - part.expected_nanos)
  lease.worst = money_text(rest.worst_usd - part.worst_usd, rest.worst_nanos - part.worst_nanos)
  return part
end

pass_buckets(KEYS[1], state, current)
local part = live and part_of_lease()
for index, budget in ipairs(budgets) do
  local is_known = budget.text ~= nil
  if live and is_known then
    remove_hold(budget, state.epoch, part)
  end
  charge(budget, tonumber(ARGV[10 + index * 2]), charge_usd, charge_nanos, math.max(now, past))
  if amount ~= '0' or (live and is_known) then
    local needed_until = is_known and 0 or math.max(tonumber(ARGV[11 + index * 2]), now) + grace
    local key, version = KEYS[4 + index], tonumber(state.version)
    if is_due(budget, version, now) then
      announce(KEYS[1], KEYS[4], key, budget, state.epoch, version, now)
    end
    write_budget(key, budget, state.epoch, now, needed_until)
  end
end
local hold_end = lease and lease.bucket ~= '' and bucket_end_ms(state, tonumber(lease.bucket)) or now
local remembered_ms = unended_ttl_ms(math.max(hold_end, now), now, grace)
if live then
  -- Nothing is in flight and nothing will be admitted: there is nothing left to extend, and nothing to be ended for the first time.
  if lease.expected == '0' and lease.worst == '0' then
    lease.state, remembered_ms = 'V', grace
  end
  write_attempt(KEYS[2], lease, lease.state == 'V' and grace or nil)
end

local reply = { outcome, '0', whole(now), state.epoch }
if count ~= '0' then
  reply = take_numbers(outcome)
end
redis.call('PEXPIRE', KEYS[3], whole(math.max(remembered_ms, 1)))
return reply
`,
  extend: `-- extend: move the end of a live hold to now + ttl.
--
-- KEYS  1 state  2 attempt  3.. budget periods
-- ARGV  1 caller's clock, ms  2 largest skew, ms  3 grace of records, ms  4 ttl, ms  5 entries
--       then per budget: period start, period end
-- Returns
--   OK attempt       held until its new bucket is past
--   ENDED            it was settled, released or expired before, or is not known
--   PINNED attempt   it was held on other periods: ask again with those
--   SEED index       the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH            the organization's state is lost

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end

local state = read_state(KEYS[1])
if not state then
  return { 'EPOCH' }
end

local now = server_now_ms()
local current = current_bucket(state, now, tonumber(ARGV[1]), tonumber(ARGV[2]))
local past = bucket_end_ms(state, current - 1)
local stored = redis.call('MGET', unpack(KEYS, 2))
local known = read_attempt(stored[1])
if not is_live(known, state, current) then
  return { 'ENDED' }
end
if known.entries ~= ARGV[5] then
  return { 'PINNED', known.text }
end
local budgets = {}
for index = 1, #KEYS - 2 do
  local budget = read_budget(stored[1 + index], state.epoch, current, now, past)
  local key, starts, ends = KEYS[2 + index], tonumber(ARGV[4 + index * 2]), tonumber(ARGV[5 + index * 2])
  if not budget and not is_over(key, ends, now) and counts_from_ms(key, starts, now) < state.seeded then
    return { 'SEED', whole(index) }
  end
  budgets[index] = budget or new_budget(key)
end

local bucket = expiry_bucket(state, now, tonumber(ARGV[4]))
local hold_end, grace = bucket_end_ms(state, bucket), tonumber(ARGV[3])
pass_buckets(KEYS[1], state, current)
for index, budget in ipairs(budgets) do
  remove_hold(budget, state.epoch, hold_of(known, index))
end
-- A counter that was rebuilt since gets the hold back: from here on it is in all of them.
known.bucket, known.rebuilds = whole(bucket), state.rebuilds
for index, budget in ipairs(budgets) do
  local ends = tonumber(ARGV[5 + index * 2])
  add_hold(budget, state.epoch, hold_of(known, index))
  write_budget(KEYS[2 + index], budget, state.epoch, now, math.max(ends, hold_end) + grace)
end
write_attempt(KEYS[2], known, unended_ttl_ms(hold_end, now, grace))
return { 'OK', known.text }
`,
  leases: `-- leases: who may be admitting from a lease on a budget, so that one who is denied knows whether to wait for idle money.
--
-- KEYS  1.. registers of budget periods
-- ARGV  1 'E' enter, 'L' leave, 'R' recall  2 lease; '' for a recall  3 for how long, ms
-- Returns
--   OK others   entered or left; the largest number of other leases on one of the budgets
--   WANTED      not entered: somebody was denied a moment ago, and every lease would keep idle what that one needs
--   OUT wait    leases that may still hold idle money, for so many ms at most; 0 when there is none

-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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

-- A member like the leases, so that it goes by time as they do.
local WANTED = 'wanted'

local now = server_now_ms()
local action, lease, until_ms = ARGV[1], ARGV[2], whole(now + tonumber(ARGV[3]))

local others, wait = 0, 0
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  if action == 'R' then
    redis.call('ZREM', key, WANTED)
    local latest = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, tonumber(latest[2] or now) - now)
  elseif action == 'E' and redis.call('ZSCORE', key, WANTED) then
    return { 'WANTED' }
  end
  others = math.max(others, redis.call('ZCARD', key))
end

for _, key in ipairs(KEYS) do
  if action == 'L' then
    redis.call('ZREM', key, lease)
  else
    redis.call('ZADD', key, until_ms, action == 'R' and WANTED or lease)
    keep_for(key, tonumber(ARGV[3]))
  end
end
if action == 'R' then
  return { 'OUT', whole(wait) }
end
return { 'OK', whole(others) }
`,
  outbox: `-- outbox: announcements (fragments/announce.lua) that somebody has to be told of. Who takes some has them alone for a while; whatever is
-- not removed by then is anybody's again.
--
-- KEYS  1 outbox
-- ARGV  1 'T' take, 'P' put, 'R' remove, 'W' which wait  2 for how long nobody gets them afterwards, ms  3 how many at most
--       then the announcements to put or to remove
-- Returns
--   OK announcement..   those taken, or all that wait; the longest waiting first

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
end
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- Thresholds of a budget, each announced once in its period, by the script that takes what is spent to it. A rolling window has none: what
-- it announces first begins one, which is over when the window has passed. A budget (budget.lua) holds
--   announced   the highest threshold that was announced, in percent: sticky, whatever becomes of spent or limit
--   judged      the configuration version by which \`next\` was found; 0 where it has to be found again
--   next        the amount at which there is something to announce, in two limbs
--   since       of a rolling window: the part in which it announced first, 0 for none
-- so that a charge below it costs one comparison. The state's \`thresholds\` has what \`src/thresholds.ts\` made of the configuration.
-- An announcement waits in the outbox: a sorted set of '<period key>|<percent>|<spent>|<limit>|<instant>' by when it may be taken.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local MOST_ANNOUNCEMENTS = 1000
local ANNOUNCEMENTS_FOR_MS = 32 * 24 * 3600 * 1000
local FOREVER_MS = 9007199254740991

-- Those of one value's counter, of which grants may be, stand before those of its budget. Behind them its breaker (pace.lua), if it has one.
local function thresholds_of(state_key, period, now_ms)
  local text = redis.call('HGET', state_key, 'thresholds') or ''
  local budget_id, unit, value = string.match(period, '^([^:]+):([^:]+):[^:]+(.*)$')
  local measure = string.match(unit, '^(%a+)%.')
  if measure then
    budget_id = measure .. '/' .. budget_id
  end
  local _, at = string.find(text, '\\n' .. budget_id .. value .. ' ', 1, true)
  if not at then
    _, at = string.find(text, '\\n' .. budget_id .. ' ', 1, true)
  end
  if not at then
    return nil
  end
  for _, step in ipairs(cjson.decode(string.match(text, '^[^\\n]*', at + 1))) do
    local until_ms, limit, thresholds, velocity = unpack(step)
    if now_ms < until_ms then
      return thresholds, limit, until_ms, velocity
    end
  end
end

local function is_announced_anew(budget, now_ms)
  return budget[SINCE] > 0 and now_ms >= part_is_out_ms(budget[SINCE], budget[PART])
end

local function is_due(budget, version, now_ms)
  return budget[JUDGED] ~= version
    or is_announced_anew(budget, now_ms)
    or not is_positive(budget[NEXT] - budget[SPENT], budget[NEXT + 1] - budget[SPENT + 1])
end

-- The oldest give way: whoever wants to be told looks more often than that.
local function keep_announcement(outbox_key, from_ms, announcement)
  redis.call('ZADD', outbox_key, whole(from_ms), announcement)
  redis.call('ZREMRANGEBYRANK', outbox_key, 0, -MOST_ANNOUNCEMENTS - 1)
  redis.call('PEXPIRE', outbox_key, whole(ANNOUNCEMENTS_FOR_MS))
end

-- The period that an announcement names: of a rolling window the one that its first announcement began.
local function announced_period(period, budget, now_ms)
  if not budget.window then
    return period
  end
  if budget[SINCE] == 0 then
    budget[SINCE] = math.floor(now_ms / budget[PART]) * budget[PART]
  end
  return (string.gsub(period, ':0$', ':' .. whole(budget[SINCE])))
end

-- Only where \`is_due\`. Who calls it writes the budget.
local function announce(state_key, outbox_key, budget_key, budget, epoch, version, now_ms)
  local period = string.match(budget_key, ':budget:(.*)$')
  local thresholds, limit, until_ms = thresholds_of(state_key, period, now_ms)
  other_buckets(budget, epoch)
  budget[JUDGED], budget[NEXT], budget[NEXT + 1] = version, math.huge, 0
  if is_announced_anew(budget, now_ms) then
    budget[ANNOUNCED], budget[SINCE] = 0, 0
  end
  for _, threshold in ipairs(thresholds or {}) do
    local percent, usd, nanos = unpack(threshold)
    if is_positive(usd - budget[SPENT], nanos - budget[SPENT + 1]) then
      budget[NEXT], budget[NEXT + 1] = usd, nanos
      break
    end
    if percent > budget[ANNOUNCED] then
      budget[ANNOUNCED] = percent
      local spent = money_text(budget[SPENT], budget[SPENT + 1])
      local named = announced_period(period, budget, now_ms)
      keep_announcement(outbox_key, now_ms, table.concat({ named, percent, spent, limit, whole(now_ms) }, '|'))
    end
  end
  if until_ms and until_ms < FOREVER_MS then
    budget[JUDGED] = 0
  end
end

local now, action = server_now_ms(), ARGV[1]
local reply = { 'OK' }
if action == 'R' then
  redis.call('ZREM', KEYS[1], unpack(ARGV, 4))
  return reply
end

local concerned = { unpack(ARGV, 4) }
if action == 'T' then
  concerned = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now), 'LIMIT', 0, ARGV[3])
elseif action == 'W' then
  concerned = redis.call('ZRANGE', KEYS[1], 0, -1)
end
for _, announcement in ipairs(concerned) do
  if action ~= 'W' then
    keep_announcement(KEYS[1], now + tonumber(ARGV[2]), announcement)
  end
  table.insert(reply, announcement)
end
return reply
`,
  publish: `-- publish: make a snapshot live if it follows the live one. From then on every reserve computed with another is told so.
--
-- KEYS  1 state
-- ARGV  1 version  2 snapshot as JSON  3 thresholds of its budgets (fragments/announce.lua)
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
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'configuration', ARGV[2], 'thresholds', ARGV[3])
return { 'OK' }
`,
  pulse: `-- pulse: does Redis still know what it answered this process?
--
-- KEYS  1 state  2 where its last answer stands: an attempt, or the endings of a lease; none before the first
-- ARGV  1 epoch of that answer, or ''  2 'held', 'ended', or 'ending ' and a field of the endings
-- Returns
--   OK epoch age   the one in force, and for how long it has been, ms
--   LOST epoch     it is in force still, but what was answered in it is gone (a failover)
--   EPOCH          the organization's state is lost

-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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

local function is_known()
  if string.sub(ARGV[2], 1, 7) == 'ending ' then
    return redis.call('HEXISTS', KEYS[2], string.sub(ARGV[2], 8)) == 1
  end
  local attempt = redis.call('GET', KEYS[2])
  return attempt and (ARGV[2] == 'held' or string.sub(attempt, 1, 1) ~= 'H')
end

local epoch, seeded = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seeded'))
if not epoch then
  return { 'EPOCH' }
end
if ARGV[1] == epoch and not is_known() then
  return { 'LOST', epoch }
end
return { 'OK', epoch, whole(server_now_ms() - tonumber(seeded)) }
`,
  reserve: `-- reserve: hold an amount on every budget that covers an attempt, or on none. Many attempts at once, one after the other: each
-- finds what the one before it left, as if it had come alone.
--
-- KEYS  1 state  2.. attempts, each once  then budget periods, and paces of budgets that have a
--       breaker (fragments/pace.lua), each once
-- ARGV  1 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; then per attempt an array: ttl, ms;
--         1 enforce, 0 observe; expected and worst in limbs; how many values each of its budgets has; then per budget, of which
--         the last eight may be missing: its position behind the state, limit in limbs, period start, period end; 1 it denies,
--         0 it only observes; hard limit in limbs; its own expected and worst in limbs; the place of its pool in this list, 0 for
--         none, -1 for what is a pool; position of its pace, 0 for none. Pools come last, each once, and take what a budget
--         lacks (fragments/pools.lua)
--       then per attempt: configuration version, ask, expected amounts, worst amounts, entries
-- Returns per attempt
--   HELD now bucket epoch refusal..   held on all, and on no pool; refusals are of those who observe
--   SPLIT now attempt refusal..    held, in part on pools: the attempt says what on which
--   DUP attempt                    the attempt is known: this is the first answer
--   DENY now refusal..             it does not fit; a refusal is six values: index, limit, spent, held, needed, retry at; of a
--                                  budget with a pool, another one of that follows; of a breaker: index below 0, threshold,
--                                  spent, median, when it tripped, retry at
--   CONFIG version                 another configuration is live
--   PERIOD now                     a named period is not the one of this instant
--   SEED index                     the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH                          the organization's state is lost, likewise
--   RANGE index                    the sum of holds would leave Int64
--   GONE                           this very ask was abandoned before it arrived
-- All but HELD leave the counters as they were.

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- A call that does not fit on its budget alone: the budget holds what of it still fits, its share, and its pool what is above. Of two
-- budgets that lack something of one call and have one pool, the smaller share counts there: the pool pays nothing twice.
-- \`src/pools.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.

-- Where a budget of a request (reserve.lua) names its pool; only there are so many values.
local POOL, IS_POOL = 12, -1

-- Its functions are made when they are first asked for: a script makes its own anew for each run, and most runs need none of these.
local function pool_rules()
  -- By track: what it may come to, and what is needed, in limbs.
  local function terms_at(request, at)
    local _, limit_usd, limit_nanos, _, _, _, hard_usd, hard_nanos, expected_usd, expected_nanos, worst_usd, worst_nanos =
      unpack(request, at, at + POOL - 1)
    return {
      [EXPECTED] = { limit_usd, limit_nanos, expected_usd, expected_nanos },
      [WORST] = { hard_usd, hard_nanos, worst_usd, worst_nanos },
    }
  end

  local function left_on(budget, terms, track)
    local usd, nanos = held(budget, track)
    return terms[track][1] - budget[SPENT] - usd, terms[track][2] - budget[SPENT + 1] - nanos
  end

  -- Never less than nothing.
  local function share_of(budget, terms)
    local planned_usd, planned_nanos = left_on(budget, terms, EXPECTED)
    local usd, nanos = left_on(budget, terms, WORST)
    local _, _, expected_usd, expected_nanos = unpack(terms[EXPECTED])
    local is_beyond_plan = is_positive(expected_usd - planned_usd, expected_nanos - planned_nanos)
    if is_beyond_plan and is_positive(usd - planned_usd, nanos - planned_nanos) then
      usd, nanos = planned_usd, planned_nanos
    end
    if not is_positive(usd, nanos) then
      usd, nanos = 0, 0
    end
    return { carried(usd, nanos) }
  end

  local function within(share, usd, nanos)
    if is_positive(usd - share[1], nanos - share[2]) then
      return share[1], share[2]
    end
    return usd, nanos
  end

  local function above(share, usd, nanos)
    local own_usd, own_nanos = within(share, usd, nanos)
    return carried(usd - own_usd, nanos - own_nanos)
  end

  local function smaller(share, other)
    if not other then
      return share
    end
    return { within(share, other[1], other[2]) }
  end

  -- What the pool is asked for by one budget.
  local function lacking_of(pool_terms, terms, share)
    for track, needed in pairs(terms) do
      pool_terms[track][3], pool_terms[track][4] = above(share, needed[3], needed[4])
    end
    return pool_terms
  end

  local function beyond(budget, terms, track)
    local usd, nanos = left_on(budget, terms, track)
    return terms[track][3] - usd, terms[track][4] - nanos
  end

  -- The one that is farther beyond what it may come to; nil where both fit.
  local function refusing_track(budget, terms)
    local track, usd, nanos = WORST, beyond(budget, terms, WORST)
    local plan_usd, plan_nanos = beyond(budget, terms, EXPECTED)
    if is_positive(plan_usd - usd, plan_nanos - nanos) then
      track, usd, nanos = EXPECTED, plan_usd, plan_nanos
    end
    return is_positive(usd, nanos) and track or nil
  end

  local function not_negative(usd, nanos)
    if is_positive(usd, nanos) then
      return usd, nanos
    end
    return 0, 0
  end

  -- When either gives something back, where that is enough; else when one of them alone has got what is too much by now.
  local function retry_together(state, instant_ms, track, budget, terms, ends, pool, lacking, pool_ends)
    local limit_usd, limit_nanos, needed_usd, needed_nanos = unpack(terms[track])
    local usd, nanos = limit_usd - budget[SPENT], limit_nanos - budget[SPENT + 1]
    local pool_usd, pool_nanos = lacking[track][1] - pool[SPENT], lacking[track][2] - pool[SPENT + 1]
    local own_usd, own_nanos = not_negative(usd, nanos)
    local shared_usd, shared_nanos = not_negative(pool_usd, pool_nanos)
    if is_positive(needed_usd - own_usd - shared_usd, needed_nanos - own_nanos - shared_nanos) then
      usd, nanos = needed_usd - shared_usd - usd, needed_nanos - shared_nanos - nanos
      pool_usd, pool_nanos = needed_usd - own_usd - pool_usd, needed_nanos - own_nanos - pool_nanos
      return math.min(
        left_at_ms(budget, usd, nanos, instant_ms, ends),
        left_at_ms(pool, pool_usd, pool_nanos, instant_ms, pool_ends))
    end
    local retry = math.min(left_at_ms(budget, 0, 1, instant_ms, ends), left_at_ms(pool, 0, 1, instant_ms, pool_ends))
    for _, counter in ipairs({ budget, pool }) do
      local first = first_held_bucket(counter, state.epoch)
      retry = math.min(retry, first and bucket_end_ms(state, first) or retry)
    end
    return retry
  end

  -- The request with what is held in the place of what was needed, and the texts that the attempt keeps of it. A pool that nobody needs
  -- is left out. Shares stand by where their budgets and pools do in the request.
  local function as_held(request, first, shares, entries)
    local kept, texts, at = { unpack(request, 1, first - 1) }, { entries = {}, expected = {}, worst = {} }, first
    local width = request[first - 1]
    for entry in string.gmatch(entries, '[^,]+') do
      local share, is_pool = shares[at], request[at + POOL] == IS_POOL
      if share or not is_pool then
        local expected_usd, expected_nanos, worst_usd, worst_nanos = unpack(request, at + POOL - 4, at + POOL - 1)
        if share then
          local part = is_pool and above or within
          expected_usd, expected_nanos = part(share, expected_usd, expected_nanos)
          worst_usd, worst_nanos = part(share, worst_usd, worst_nanos)
          entry = entry .. (is_pool and '>' or '<') .. money_text(share[1], share[2])
        end
        for index = at, at + POOL - 5 do
          table.insert(kept, request[index])
        end
        for _, value in ipairs({ expected_usd, expected_nanos, worst_usd, worst_nanos }) do
          table.insert(kept, value)
        end
        for index = at + POOL, at + width - 1 do
          table.insert(kept, request[index])
        end
        table.insert(texts.entries, entry)
        table.insert(texts.expected, money_text(expected_usd, expected_nanos))
        table.insert(texts.worst, money_text(worst_usd, worst_nanos))
      end
      at = at + width
    end
    return kept, table.concat(texts.entries, ','), table.concat(texts.expected, ','), table.concat(texts.worst, ',')
  end

  return {
    terms_at = terms_at,
    share_of = share_of,
    smaller = smaller,
    lacking_of = lacking_of,
    refusing_track = refusing_track,
    retry_together = retry_together,
    as_held = as_held,
  }
end
-- How fast a budget is spent: in windows of five minutes, and against the 24 before. A window that costs more than the floor, and more
-- than so many times their median, trips the breaker: for a while calls are denied. \`src/pace.ts\` states the same rules. A string of
-- doubles, beside the counters, because it outlives their periods:
--   window, spent      the one that is counted, by its number, which never goes back; amounts are in two limbs
--   tripped, ends      when it tripped last, and until when it denies, ms; 0 for never
--   trip               what was spent then, more than which is too much, and the median
--   judged, floor      the configuration version by which the floor was found
--   before             what was spent in each of the windows before, the latest first
-- What the breaker of a budget is stands with its thresholds (announce.lua). A Redis that has lost it begins to learn anew.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PACE_WINDOW_MS, PACE_WINDOWS = 300000, 24
local WINDOW, PACED, TRIPPED, TRIP_ENDS, TRIP, PACE_JUDGED, FLOOR, BEFORE = 1, 2, 4, 5, 6, 12, 13, 15
local PACE_VALUES = BEFORE - 1 + 2 * PACE_WINDOWS
local PACE_FORMAT = '<' .. string.rep('d', PACE_VALUES)

local function read_pace(text)
  if text and #text == 8 * PACE_VALUES then
    return { struct.unpack(PACE_FORMAT, text) }
  end
  local pace = {}
  for index = 1, PACE_VALUES do
    pace[index] = 0
  end
  return pace
end

local function is_tripped(pace, now_ms)
  return now_ms < pace[TRIP_ENDS]
end

local function move_pace(pace, window)
  local passed = math.min(window - pace[WINDOW], PACE_WINDOWS + 1)
  if passed <= 0 then
    return
  end
  for place = PACE_WINDOWS - 1, 0, -1 do
    local from = place - passed
    local at = from >= 0 and BEFORE + 2 * from or PACED
    local is_counted = from >= -1
    pace[BEFORE + 2 * place] = is_counted and pace[at] or 0
    pace[BEFORE + 2 * place + 1] = is_counted and pace[at + 1] or 0
  end
  pace[WINDOW], pace[PACED], pace[PACED + 1] = window, 0, 0
end

-- Half of what the two windows in the middle cost together, so many times, rounded down.
local function times_median(pace, times)
  local windows = {}
  for place = 0, PACE_WINDOWS - 1 do
    windows[place + 1] = { pace[BEFORE + 2 * place], pace[BEFORE + 2 * place + 1] }
  end
  table.sort(windows, function(one, other)
    return one[1] < other[1] or one[1] == other[1] and one[2] < other[2]
  end)
  local low, high = windows[PACE_WINDOWS / 2], windows[PACE_WINDOWS / 2 + 1]
  local usd, nanos = carried((low[1] + high[1]) * times, (low[2] + high[2]) * times)
  local odd = usd % 2
  return carried((usd - odd) / 2, math.floor((nanos + odd * NANOS_PER_USD) / 2))
end

-- Counts a charge. True where that trips the breaker: not while it denies already, so that somebody is told once.
local function charge_pace(pace, usd, nanos, now_ms, version, velocity_now)
  move_pace(pace, math.floor(now_ms / PACE_WINDOW_MS))
  pace[PACED], pace[PACED + 1] = carried(pace[PACED] + usd, pace[PACED + 1] + nanos)
  local velocity = nil
  if pace[PACE_JUDGED] ~= version then
    velocity = velocity_now() or { math.huge, 0, 0, 0 }
    pace[PACE_JUDGED], pace[FLOOR], pace[FLOOR + 1] = version, velocity[1], velocity[2]
  end
  if is_tripped(pace, now_ms) or not is_positive(pace[PACED] - pace[FLOOR], pace[PACED + 1] - pace[FLOOR + 1]) then
    return false
  end
  velocity = velocity or velocity_now()
  local limit_usd, limit_nanos = times_median(pace, velocity[3])
  if is_positive(pace[FLOOR] - limit_usd, pace[FLOOR + 1] - limit_nanos) then
    limit_usd, limit_nanos = pace[FLOOR], pace[FLOOR + 1]
  end
  if not is_positive(pace[PACED] - limit_usd, pace[PACED + 1] - limit_nanos) then
    return false
  end
  pace[TRIPPED], pace[TRIP_ENDS] = now_ms, now_ms + velocity[4]
  pace[TRIP], pace[TRIP + 1], pace[TRIP + 2], pace[TRIP + 3] = pace[PACED], pace[PACED + 1], limit_usd, limit_nanos
  pace[TRIP + 4], pace[TRIP + 5] = times_median(pace, 1)
  return true
end

local function write_pace(key, pace, now_ms)
  local kept_ms = (PACE_WINDOWS + 1) * PACE_WINDOW_MS
  local text = struct.pack(PACE_FORMAT, unpack(pace))
  redis.call('SET', key, text, 'PX', whole(math.max(kept_ms, pace[TRIP_ENDS] - now_ms)))
end

local asked = cjson.decode(ARGV[1])
local BEFORE_FIRST, VALUES_PER_ATTEMPT = 3, 5
local FIRST_BUDGET, OWN_AMOUNTS, PACE = 8, 8, 13
local count = #asked - BEFORE_FIRST
local replies = {}

local state = read_state(KEYS[1])
if not state then
  for index = 1, count do
    local reply = { 'EPOCH' }
    replies[index] = reply
  end
  return replies
end

local stored = redis.call('MGET', unpack(KEYS, 2))
local now, grace = server_now_ms(), asked[3]
local current = current_bucket(state, now, asked[1], asked[2])
local past = bucket_end_ms(state, current - 1)
local budgets, needed_until, is_changed = {}, {}, false

local function budget_at(position)
  local budget = budgets[position] or read_budget(stored[position], state.epoch, current, now, past)
  budgets[position] = budget
  return budget
end

local function add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
  local values = {
    whole(place),
    money_text(limit_usd, limit_nanos),
    money_text(budget[SPENT], budget[SPENT + 1]),
    money_text(held(budget, track)),
    money_text(needed_usd, needed_nanos),
    whole(retry),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
end

local function add_refusal(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, ends)
  local usd, nanos = budget[SPENT] + needed_usd - limit_usd, budget[SPENT + 1] + needed_nanos - limit_nanos
  local is_too_much_spent = is_positive(usd, nanos)
  if not is_too_much_spent then
    usd, nanos = 0, 1
  end
  local retry = left_at_ms(budget, usd, nanos, math.max(now, past), ends)
  local first = first_held_bucket(budget, state.epoch)
  if first and not is_too_much_spent then
    retry = math.min(retry, bucket_end_ms(state, first))
  end
  add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
end

-- True where the breaker of the budget denies, whatever is asked for.
local function add_trip(refusals, place, position)
  local pace = read_pace(stored[position])
  if not is_tripped(pace, now) then
    return false
  end
  local values = {
    whole(-place),
    money_text(pace[TRIP + 2], pace[TRIP + 3]),
    money_text(pace[TRIP], pace[TRIP + 1]),
    money_text(pace[TRIP + 4], pace[TRIP + 5]),
    whole(pace[TRIPPED]),
    whole(pace[TRIP_ENDS]),
  }
  for _, value in ipairs(values) do
    table.insert(refusals, value)
  end
  return true
end

-- Nothing where the attempt is new, or may be asked for anew.
local function answer_known(key, known, ask)
  if known.state == 'A' then
    if known.ask == ask then
      return { 'GONE' }
    end
    return nil
  end
  -- The caller who asked last owns the hold, so that an earlier one who gave up cannot take it away.
  if known.state == 'H' and known.ask ~= ask then
    known.ask = ask
    write_attempt(key, known)
  end
  return { 'DUP', known.text }
end

local function is_of_this_instant(request)
  for at = FIRST_BUDGET, #request, request[FIRST_BUDGET - 1] do
    if now < request[at + 3] or now >= request[at + 4] then
      return false
    end
  end
  return true
end

-- Asks the pool of the budget at \`at\` for what that lacks, and changes nothing. Its share, where both can hold the call; no share and
-- a reply, where the pool's counter is lost; else the refusals of both are added.
local function ask_pool(rules, request, at, place, budget, refusals)
  local pool_place = request[at + POOL]
  local pool_at = FIRST_BUDGET + (pool_place - 1) * request[FIRST_BUDGET - 1]
  local position = request[pool_at]
  local pool = budget_at(position)
  if not pool and is_lost(state, KEYS[1], KEYS[1 + position], stored[position], request[pool_at + 3], now) then
    return nil, { 'SEED', whole(pool_place) }
  end
  pool = pool or new_budget(KEYS[1 + position])
  budgets[position] = pool
  local terms = rules.terms_at(request, at)
  local share = rules.share_of(budget, terms)
  local lacking = rules.lacking_of(rules.terms_at(request, pool_at), terms, share)
  local track = rules.refusing_track(pool, lacking)
  if not track then
    return share
  end
  local retry = rules.retry_together(
    state, math.max(now, past), track, budget, terms, request[at + 4], pool, lacking, request[pool_at + 4])
  local limit_usd, limit_nanos, needed_usd, needed_nanos = unpack(terms[track])
  add_values(refusals, place, budget, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
  limit_usd, limit_nanos, needed_usd, needed_nanos = unpack(lacking[track])
  add_values(refusals, pool_place, pool, track, limit_usd, limit_nanos, needed_usd, needed_nanos, retry)
end

-- Changes nothing. A reply, where the request is not to be held; else the refusals of those who only observe, and where budgets may
-- have pools the shares of those that need them and the rules of pools.
local function judge(request)
  local _, enforces, expected_usd, expected_nanos, worst_usd, worst_nanos, width = unpack(request, 1, FIRST_BUDGET - 1)
  local refusals, crowded, is_denied = {}, nil, false
  local last, shares, rules = #request, nil, nil
  if width > POOL and request[last - width + 1 + POOL] == IS_POOL then
    shares, rules = {}, pool_rules()
    repeat
      last = last - width
    until request[last - width + 1 + POOL] ~= IS_POOL
  end
  for at = FIRST_BUDGET, last, width do
    local place = (at - FIRST_BUDGET) / width + 1
    local position, limit_usd, limit_nanos, starts, ends, denies, hard_usd, hard_nanos = unpack(request, at, at + width - 1)
    hard_usd, hard_nanos = hard_usd or limit_usd, hard_nanos or limit_nanos
    if width > OWN_AMOUNTS then
      expected_usd, expected_nanos, worst_usd, worst_nanos = unpack(request, at + OWN_AMOUNTS, at + width - 1)
    end
    local budget = budget_at(position)
    if not budget and is_lost(state, KEYS[1], KEYS[1 + position], stored[position], starts, now) then
      return { 'SEED', whole(place) }
    end
    budget = budget or new_budget(KEYS[1 + position])
    budgets[position] = budget
    if width > PACE and request[at + PACE] > 0 and add_trip(refusals, place, request[at + PACE]) then
      is_denied = is_denied or (enforces == 1 and denies ~= 0)
    end
    -- The track that is farther beyond what it may come to is the one to judge by and to report.
    local plan_usd, plan_nanos = held(budget, EXPECTED)
    local usd, nanos = held(budget, WORST)
    plan_usd, plan_nanos = plan_usd + expected_usd, plan_nanos + expected_nanos
    usd, nanos = usd + worst_usd, nanos + worst_nanos
    local beyond_usd, beyond_nanos = usd - hard_usd, nanos - hard_nanos
    local is_plan = is_positive(plan_usd - limit_usd - beyond_usd, plan_nanos - limit_nanos - beyond_nanos)
    if is_plan then
      beyond_usd, beyond_nanos = plan_usd - limit_usd, plan_nanos - limit_nanos
    end
    if is_positive(budget[SPENT] + beyond_usd, budget[SPENT + 1] + beyond_nanos) then
      local share, lost = nil, nil
      if shares and request[at + POOL] > 0 then
        share, lost = ask_pool(rules, request, at, place, budget, refusals)
      elseif is_plan then
        add_refusal(refusals, place, budget, EXPECTED, limit_usd, limit_nanos, expected_usd, expected_nanos, ends)
      else
        add_refusal(refusals, place, budget, WORST, hard_usd, hard_nanos, worst_usd, worst_nanos, ends)
      end
      if lost then
        return lost
      end
      is_denied = is_denied or (not share and enforces == 1 and denies ~= 0)
      if share then
        local pool_at = FIRST_BUDGET + (request[at + POOL] - 1) * width
        shares[at], shares[pool_at] = share, rules.smaller(share, shares[pool_at])
      -- What no counter can take is beyond every limit.
      elseif is_positive(usd - LARGEST_USD, nanos - LARGEST_NANOS) or is_positive(plan_usd - LARGEST_USD, plan_nanos - LARGEST_NANOS) then
        crowded = crowded or place
      end
    end
  end
  if is_denied then
    return { 'DENY', whole(now), unpack(refusals) }
  end
  if crowded then
    return { 'RANGE', whole(crowded) }
  end
  return nil, refusals, shares, rules
end

local function hold_on_all(request, bucket)
  local _, _, expected_usd, expected_nanos, worst_usd, worst_nanos, width = unpack(request, 1, FIRST_BUDGET - 1)
  local hold_end = bucket_end_ms(state, bucket)
  local hold = {
    bucket = bucket,
    expected_usd = expected_usd,
    expected_nanos = expected_nanos,
    worst_usd = worst_usd,
    worst_nanos = worst_nanos,
  }
  for at = FIRST_BUDGET, #request, width do
    local position = request[at]
    if width > OWN_AMOUNTS then
      hold.expected_usd, hold.expected_nanos, hold.worst_usd, hold.worst_nanos =
        unpack(request, at + OWN_AMOUNTS, at + width - 1)
    end
    add_hold(budgets[position], state.epoch, hold)
    needed_until[position] = math.max(needed_until[position] or 0, math.max(request[at + 4], hold_end) + grace)
  end
  is_changed = true
  return hold_end
end

local function reserve(index, request)
  local at_values = 1 + (index - 1) * VALUES_PER_ATTEMPT
  local version, ask, expected, worst, entries = unpack(ARGV, at_values + 1, at_values + VALUES_PER_ATTEMPT)
  local key, known = KEYS[1 + index], read_attempt(stored[index])
  local answer = known and answer_known(key, known, ask)
  if answer then
    return answer
  end
  if state.version ~= version then
    return { 'CONFIG', state.version }
  end
  if not is_of_this_instant(request) then
    return { 'PERIOD', whole(now) }
  end
  local refused, refusals, shares, rules = judge(request)
  if refused then
    return refused
  end
  if shares then
    request, entries, expected, worst = rules.as_held(request, FIRST_BUDGET, shares, entries)
  end

  local bucket = expiry_bucket(state, now, request[1])
  local hold_end = hold_on_all(request, bucket)
  local attempt = {
    state = 'H',
    ask = ask,
    epoch = state.epoch,
    rebuilds = state.rebuilds,
    instant = whole(now),
    bucket = whole(bucket),
    expected = expected,
    worst = worst,
    entries = entries,
  }
  write_attempt(key, attempt, unended_ttl_ms(hold_end, now, grace))
  if shares and next(shares) then
    return { 'SPLIT', attempt.instant, attempt.text, unpack(refusals) }
  end
  return { 'HELD', attempt.instant, attempt.bucket, state.epoch, unpack(refusals) }
end

for index = 1, count do
  replies[index] = reserve(index, asked[BEFORE_FIRST + index])
end
if is_changed then
  pass_buckets(KEYS[1], state, current)
end
for position, until_ms in pairs(needed_until) do
  write_budget(KEYS[1 + position], budgets[position], state.epoch, now, until_ms)
end
return replies
`,
  seed: `-- seed: begin or rebuild counters from what the ledger knows. The first caller begins the epoch; everybody after it only
-- fills in budget periods that are missing, and raises those that know less than the ledger, so that any number of processes may seed
-- at once and again. After a loss the counters stay missing for a while: processes assert their holds again (assert.lua) and ship what
-- they settled, before the ledger is asked for sums.
--
-- KEYS  1 state  2 closed, there for as long as nothing is filled in  3 the outbox  4.. budget periods
-- ARGV  1 epoch to begin, or '' to fill in only  2 width of a bucket, ms  3 last sequence number  4 configuration version  5 snapshot as JSON
--       6 grace of records, ms  7 epoch that lost something and is to end, or ''  8 how long nothing is filled in, ms
--       9 periods of which every value is filled in, by this call or calls before it, by commas
--       10 thresholds of the snapshot's budgets (fragments/announce.lua)
--       then per budget: '<period start>=<spent>', of a rolling window once for each part that has any, by commas; an instant at which
--       nothing of it counts any more; the highest threshold that was announced before, in percent, and in the period that began when; and
--       1 where others that are reached are announced now
-- Returns
--   OK epoch   the one in force, begun by this call or before it
--   CLOSED ms  nothing is filled in yet: wait so long, and ask the ledger again
--   EPOCH      there is none, and this call was only to fill in

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
end
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- After a loss a counter that has holds already waits to be filled in from the ledger. Until then it is of an epoch that never is in
-- force, so that to everybody else it is absent.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function waiting_for(epoch)
  return epoch .. '~'
end
-- Thresholds of a budget, each announced once in its period, by the script that takes what is spent to it. A rolling window has none: what
-- it announces first begins one, which is over when the window has passed. A budget (budget.lua) holds
--   announced   the highest threshold that was announced, in percent: sticky, whatever becomes of spent or limit
--   judged      the configuration version by which \`next\` was found; 0 where it has to be found again
--   next        the amount at which there is something to announce, in two limbs
--   since       of a rolling window: the part in which it announced first, 0 for none
-- so that a charge below it costs one comparison. The state's \`thresholds\` has what \`src/thresholds.ts\` made of the configuration.
-- An announcement waits in the outbox: a sorted set of '<period key>|<percent>|<spent>|<limit>|<instant>' by when it may be taken.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local MOST_ANNOUNCEMENTS = 1000
local ANNOUNCEMENTS_FOR_MS = 32 * 24 * 3600 * 1000
local FOREVER_MS = 9007199254740991

-- Those of one value's counter, of which grants may be, stand before those of its budget. Behind them its breaker (pace.lua), if it has one.
local function thresholds_of(state_key, period, now_ms)
  local text = redis.call('HGET', state_key, 'thresholds') or ''
  local budget_id, unit, value = string.match(period, '^([^:]+):([^:]+):[^:]+(.*)$')
  local measure = string.match(unit, '^(%a+)%.')
  if measure then
    budget_id = measure .. '/' .. budget_id
  end
  local _, at = string.find(text, '\\n' .. budget_id .. value .. ' ', 1, true)
  if not at then
    _, at = string.find(text, '\\n' .. budget_id .. ' ', 1, true)
  end
  if not at then
    return nil
  end
  for _, step in ipairs(cjson.decode(string.match(text, '^[^\\n]*', at + 1))) do
    local until_ms, limit, thresholds, velocity = unpack(step)
    if now_ms < until_ms then
      return thresholds, limit, until_ms, velocity
    end
  end
end

local function is_announced_anew(budget, now_ms)
  return budget[SINCE] > 0 and now_ms >= part_is_out_ms(budget[SINCE], budget[PART])
end

local function is_due(budget, version, now_ms)
  return budget[JUDGED] ~= version
    or is_announced_anew(budget, now_ms)
    or not is_positive(budget[NEXT] - budget[SPENT], budget[NEXT + 1] - budget[SPENT + 1])
end

-- The oldest give way: whoever wants to be told looks more often than that.
local function keep_announcement(outbox_key, from_ms, announcement)
  redis.call('ZADD', outbox_key, whole(from_ms), announcement)
  redis.call('ZREMRANGEBYRANK', outbox_key, 0, -MOST_ANNOUNCEMENTS - 1)
  redis.call('PEXPIRE', outbox_key, whole(ANNOUNCEMENTS_FOR_MS))
end

-- The period that an announcement names: of a rolling window the one that its first announcement began.
local function announced_period(period, budget, now_ms)
  if not budget.window then
    return period
  end
  if budget[SINCE] == 0 then
    budget[SINCE] = math.floor(now_ms / budget[PART]) * budget[PART]
  end
  return (string.gsub(period, ':0$', ':' .. whole(budget[SINCE])))
end

-- Only where \`is_due\`. Who calls it writes the budget.
local function announce(state_key, outbox_key, budget_key, budget, epoch, version, now_ms)
  local period = string.match(budget_key, ':budget:(.*)$')
  local thresholds, limit, until_ms = thresholds_of(state_key, period, now_ms)
  other_buckets(budget, epoch)
  budget[JUDGED], budget[NEXT], budget[NEXT + 1] = version, math.huge, 0
  if is_announced_anew(budget, now_ms) then
    budget[ANNOUNCED], budget[SINCE] = 0, 0
  end
  for _, threshold in ipairs(thresholds or {}) do
    local percent, usd, nanos = unpack(threshold)
    if is_positive(usd - budget[SPENT], nanos - budget[SPENT + 1]) then
      budget[NEXT], budget[NEXT + 1] = usd, nanos
      break
    end
    if percent > budget[ANNOUNCED] then
      budget[ANNOUNCED] = percent
      local spent = money_text(budget[SPENT], budget[SPENT + 1])
      local named = announced_period(period, budget, now_ms)
      keep_announcement(outbox_key, now_ms, table.concat({ named, percent, spent, limit, whole(now_ms) }, '|'))
    end
  end
  if until_ms and until_ms < FOREVER_MS then
    budget[JUDGED] = 0
  end
end

local now = server_now_ms()
local epoch, seq, version, configuration, thresholds =
  unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'version', 'configuration', 'thresholds'))
if ARGV[1] == '' then
  if not epoch then
    return { 'EPOCH' }
  end
  local closed = redis.call('PTTL', KEYS[2])
  if closed > 0 then
    return { 'CLOSED', whole(closed) }
  end
elseif not epoch or epoch == ARGV[7] then
  -- What survived in part may know more than the ledger: numbers given out, and the configuration that is live.
  if not epoch or tonumber(version) < tonumber(ARGV[4]) then
    version, configuration, thresholds = ARGV[4], ARGV[5], ARGV[10]
  end
  seq = whole(math.max(tonumber(seq or '0'), tonumber(ARGV[3])))
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1],
    'epoch', epoch, 'seeded', whole(now), 'rebuilds', '0', 'width', ARGV[2], 'watermark', '0',
    'seq', seq, 'version', version, 'configuration', configuration, 'thresholds', thresholds)
  if ARGV[8] ~= '0' then
    redis.call('SET', KEYS[2], '1', 'PX', ARGV[8])
  end
end

local rebuild = redis.call('HINCRBY', KEYS[1], 'rebuilds', '1')
for period in string.gmatch(ARGV[9], '[^,]+') do
  redis.call('HSET', KEYS[1], 'filled:' .. period, '1')
end

-- What has left a window stays out of it (window.lua), also where the clock has stepped back since.
local width, watermark = unpack(redis.call('HMGET', KEYS[1], 'width', 'watermark'))
local counts_at = math.max(now, tonumber(watermark) * tonumber(width))

-- Everything in the ledger was settled here or in an epoch before: a counter that knows less was filled before it arrived.
local function take_spent(budget, spent, is_known)
  local is_changed = false
  for starts, amount in string.gmatch(spent, '(-?%d+)=(-?%d+)') do
    local usd, nanos = limbs(amount)
    local known_usd, known_nanos = charged_to(budget, tonumber(starts))
    if not is_known or is_positive(usd - known_usd, nanos - known_nanos) then
      charge(budget, tonumber(starts), usd - known_usd, nanos - known_nanos, counts_at)
      is_changed = true
    end
  end
  return is_changed
end

-- That has nothing but the holds that were asserted meanwhile.
local function begun(key, stored)
  local waiting = waiting_for(epoch)
  local budget = read_budget(stored, waiting, 0, now, 0)
  if not budget then
    budget = new_budget(key)
    budget[REBUILT] = rebuild
    return budget
  end
  other_buckets(budget, waiting)
  -- No attempt of this epoch is older than its first rebuild.
  budget[REBUILT] = 1
  return budget
end

for index = 4, #KEYS do
  local spent, over, percent, since, announces = unpack(ARGV, 11 + (index - 4) * 5, 15 + (index - 4) * 5)
  local key = KEYS[index]
  local stored = redis.call('GET', key)
  local known = read_budget(stored, epoch, 0, now, 0)
  local budget = known or begun(key, stored)
  local is_raised = take_spent(budget, spent, known ~= nil)
  if not known then
    budget[ANNOUNCED], budget[SINCE] = tonumber(percent), budget.window and tonumber(since) or 0
    if announces == '1' then
      announce(KEYS[1], KEYS[3], key, budget, epoch, tonumber(version), now)
    end
    write_budget(key, budget, epoch, now, tonumber(over) + tonumber(ARGV[6]))
  elseif is_raised then
    write_budget(key, budget, epoch, now, 0)
  end
end
return { 'OK', epoch }
`,
  settle: `-- settle: end an attempt, with a charge or without. Never refuses for being too large: the money is spent. Many attempts at
-- once, one after the other, as if each had come alone.
--
-- KEYS  1 state  2.. attempts, each once  then budget periods of their holds, whatever the time is now, and paces of budgets that have a
--       breaker (fragments/pace.lua), each once  last the outbox
-- ARGV  1 as a JSON array: caller's clock, ms; largest skew, ms; grace of records, ms; then per attempt an array: amount in
--         limbs; how many values each of its budgets has; then per budget, of which the last two may be missing: its position
--         behind the state, period start, period end; its own amount in limbs; position of its pace, 0 for none
--       then per attempt: 'S' settle, 'V' release; amounts ('0' for a release); entries; budget instant, ms, and ':<epoch of
--         the hold>' behind it where the record of its end may be forgotten
-- Returns per attempt, with epoch, budget instant, number and instant of the settlement
--   OK       the hold was live and is replaced
--   LATE     it had ended by time; the charge counts
--   REOPEN   it had been released; the charge counts
--   ORPHAN   the attempt is not known; the charge counts
--   AGAIN    it was ended before, and its number is forgotten: a new one, and nothing counts a second time
-- or, with nothing changed
--   DUP attempt     it was ended before: the attempt carries the first settlement
--   PINNED attempt  the attempt was held on other periods: ask again with those
--   SEED index      the budget's counter is lost: rebuild it from the ledger, then ask again
--   EPOCH           the organization's state is lost, likewise
--   RANGE index     spent would leave Int64

-- Amounts in two limbs: usd and nanos, value = usd * 10^9 + nanos with 0 <= nanos < 10^9. Tokens and requests are counted alike,
-- in ones instead of nanos.
-- Lua numbers are doubles: an amount of nano-USD beyond 2^53 (nine million USD) would be rounded, compared wrongly and printed
-- in exponent form. Whole dollars of an Int64 have ten digits, so both limbs and sums of thousands of them stay exact.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local NANOS_PER_USD = 1000000000
local LARGEST_USD, LARGEST_NANOS = 9223372036, 854775807

local function carried(usd, nanos)
  if nanos >= 0 and nanos < NANOS_PER_USD then
    return usd, nanos
  end
  local carry = math.floor(nanos / NANOS_PER_USD)
  return usd + carry, nanos - carry * NANOS_PER_USD
end

-- Of sums and differences before they are carried: exact up to nine million USD, and beyond of the right sign, because nanos
-- are then far too few to change it.
local function is_positive(usd, nanos)
  return usd * NANOS_PER_USD + nanos > 0
end

local function limbs(text)
  if #text < 10 and string.sub(text, 1, 1) ~= '-' then
    return 0, tonumber(text)
  end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then
    sign, digits = -1, string.sub(text, 2)
  end
  return carried(sign * (tonumber(string.sub(digits, 1, -10)) or 0), sign * tonumber(string.sub(digits, -9)))
end

local function money_text(usd, nanos)
  local sign = ''
  usd, nanos = carried(usd, nanos)
  if usd < 0 then
    sign, usd, nanos = '-', carried(-usd, -nanos)
  end
  if usd == 0 then
    return sign .. string.format('%.0f', nanos)
  end
  return sign .. string.format('%.0f%09.0f', usd, nanos)
end
-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
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
-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. \`src/window-parts.ts\` states the same rules.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PARTS_THAT_COUNT = 61
local PART_FORMAT, PART_BYTES = '<ddd', 24

-- How long a part is, ms: as many seconds as the window has minutes. 0 for a period of the calendar.
local function part_in(key)
  return (tonumber(string.match(key, '[:.]rolling%-(%d+)m:')) or 0) * 1000
end

local function part_is_out_ms(starts, part_ms)
  return starts + PARTS_THAT_COUNT * part_ms
end

-- Since when what was charged to the counter counts now, where that period or part was pinned.
local function counts_from_ms(key, starts, now_ms)
  local part_ms = part_in(key)
  if part_ms == 0 then
    return starts
  end
  return math.min(starts, math.floor(now_ms / part_ms) * part_ms) - (PARTS_THAT_COUNT - 1) * part_ms
end

-- Whether the counter admits nobody any more. That of a window always does, whatever part of it was pinned.
local function is_over(key, ends, now_ms)
  return now_ms >= ends and part_in(key) == 0
end

-- The parts that are kept, by their start, and the sum of those that count. Nothing has to run for a charge to leave: who reads leaves
-- out the parts that are out. They are forgotten once they are past by the clock of callers, too, as expiry buckets are: a jump of one
-- must not.
local function read_window(text, part_ms, now_ms, past_ms)
  local window, usd, nanos = {}, 0, 0
  for at = 1, #text, PART_BYTES do
    local starts, part_usd, part_nanos = struct.unpack(PART_FORMAT, text, at)
    local out_ms = part_is_out_ms(starts, part_ms)
    if past_ms < out_ms then
      window[starts] = { part_usd, part_nanos }
    end
    if math.max(now_ms, past_ms) < out_ms then
      usd, nanos = usd + part_usd, nanos + part_nanos
    end
  end
  return window, carried(usd, nanos)
end

local function charged_to_part(window, starts)
  return unpack(window[starts] or { 0, 0 })
end

local function charge_part(window, starts, usd, nanos)
  local charged_usd, charged_nanos = charged_to_part(window, starts)
  window[starts] = { carried(charged_usd + usd, charged_nanos + nanos) }
end

local function pack_window(window)
  local texts = {}
  for starts, part in pairs(window) do
    table.insert(texts, struct.pack(PART_FORMAT, starts, unpack(part)))
  end
  return table.concat(texts), #texts
end

local function window_is_out_ms(window, part_ms, since)
  local last = since
  for starts in pairs(window) do
    last = math.max(last, starts)
  end
  return part_is_out_ms(last, part_ms)
end

-- When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has.
local function parts_left_at_ms(window, part_ms, usd, nanos, now_ms)
  local counting = {}
  for starts in pairs(window) do
    if now_ms < part_is_out_ms(starts, part_ms) then
      table.insert(counting, starts)
    end
  end
  table.sort(counting)
  local last = math.floor(now_ms / part_ms) * part_ms
  for _, starts in ipairs(counting) do
    local part = window[starts]
    usd, nanos, last = usd - part[1], nanos - part[2], starts
    if not is_positive(usd, nanos) then
      break
    end
  end
  return part_is_out_ms(last, part_ms)
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
-- One budget in one period: a string of doubles and the epoch, so that one read and one short write do for all of it.
--   expires   when its key does, ms
--   rebuilt   which rebuild wrote it, 0 for none; holds of an earlier one are not in it
--   oldest    no bucket before this one holds anything
--   spent     in two limbs, as every amount
--   front     the bucket that was changed last: number, held at the expected cost, held at the worst
--   beside    what the other buckets hold together: at the expected cost, at the worst
--   announced, judged, next   see announce.lua
--   part, parts, since   of a rolling window: how long a part is, ms, 0 for a period of the calendar; how many are stored; see announce.lua
--   window    each part, in any order: its start, spent
--   others    like front, each of the other buckets, in any order
--   epoch     in which it was begun or rebuilt
-- Absent, or of another epoch, is zero only when the period began after the counters did. Before that, it means lost.
-- Written out rather than in small functions where every call passes: a call of a function costs as much as ten additions.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local EXPIRES, REBUILT, OLDEST, SPENT, FRONT, EXPECTED, WORST, BESIDE_EXPECTED, BESIDE_WORST = 1, 2, 3, 4, 6, 7, 9, 11, 13
local AMOUNTS_FORMAT, AMOUNTS_OFFSET = '<ddddddd', 24
local ANNOUNCED, JUDGED, NEXT, PART, PARTS, SINCE = 15, 16, 17, 19, 20, 21
local FIXED, FIXED_FORMAT, FIXED_BYTES = 21, '<ddddddddddddddddddddd', 168
local BUCKET_FORMAT, BUCKET_BYTES = '<ddddd', 40

-- A key says whether its counter is that of a rolling window, and of which.
local function new_budget(key)
  local part = part_in(key)
  local budget = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, part, 0, 0, others = '' }
  budget.window = part > 0 and {} or nil
  return budget
end

-- Who asks for them writes the whole budget: once a minute, and where calls overtake each other across buckets.
local function other_buckets(budget, epoch)
  budget.others = budget.others or string.sub(budget.text, FIXED_BYTES + budget[PARTS] * PART_BYTES + 1, -#epoch - 1)
  return budget.others
end

local function set_front(budget, bucket, expected_usd, expected_nanos, worst_usd, worst_nanos)
  budget[FRONT] = bucket
  budget[EXPECTED], budget[EXPECTED + 1] = expected_usd, expected_nanos
  budget[WORST], budget[WORST + 1] = worst_usd, worst_nanos
end

-- The only place that adds buckets up.
local function set_others(budget, buckets)
  local sums = { 0, 0, 0, 0 }
  for _, text in ipairs(buckets) do
    local _, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    sums[1], sums[2] = carried(sums[1] + expected_usd, sums[2] + expected_nanos)
    sums[3], sums[4] = carried(sums[3] + worst_usd, sums[4] + worst_nanos)
  end
  budget[BESIDE_EXPECTED], budget[BESIDE_EXPECTED + 1], budget[BESIDE_WORST], budget[BESIDE_WORST + 1] = unpack(sums)
  budget.others = table.concat(buckets)
end

-- All buckets from \`current\` on, and the one of that number, if there is one, apart from them.
local function split_buckets(budget, epoch, current, apart)
  local text = struct.pack(BUCKET_FORMAT, unpack(budget, FRONT, FRONT + 4)) .. other_buckets(budget, epoch)
  local buckets, found = {}, nil
  for at = 1, #text, BUCKET_BYTES do
    local number = struct.unpack('<d', text, at)
    local bucket = string.sub(text, at, at + BUCKET_BYTES - 1)
    if number == apart then
      found = bucket
    elseif number >= current then
      table.insert(buckets, bucket)
    end
  end
  return buckets, found
end

local function bring_to_front(budget, epoch, number)
  local buckets, found = split_buckets(budget, epoch, budget[OLDEST], number)
  set_front(budget, struct.unpack(BUCKET_FORMAT, found or struct.pack(BUCKET_FORMAT, number, 0, 0, 0, 0)))
  budget[OLDEST] = math.min(budget[OLDEST], number)
  set_others(budget, buckets)
end

-- Spent and live holds; nil where there is no budget of this epoch.
local function read_budget(text, epoch, current, now_ms, past_ms)
  if not text or string.sub(text, -#epoch) ~= epoch then
    return nil
  end
  local budget = { struct.unpack(FIXED_FORMAT, text) }
  budget.text = text
  if budget[PART] > 0 then
    local parts = string.sub(text, FIXED_BYTES + 1, FIXED_BYTES + budget[PARTS] * PART_BYTES)
    budget.window, budget[SPENT], budget[SPENT + 1] = read_window(parts, budget[PART], now_ms, past_ms)
  end
  if budget[OLDEST] < current then
    local buckets = split_buckets(budget, epoch, current)
    -- A number stands for one bucket: the front may not take that of another one.
    local front = table.remove(buckets) or struct.pack(BUCKET_FORMAT, current, 0, 0, 0, 0)
    set_front(budget, struct.unpack(BUCKET_FORMAT, front))
    set_others(budget, buckets)
    budget[OLDEST] = current
  end
  return budget
end

-- \`hold\` is a bucket and two amounts, in limbs.
local function add_hold(budget, epoch, hold)
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  budget[EXPECTED] = budget[EXPECTED] + hold.expected_usd
  budget[EXPECTED + 1] = budget[EXPECTED + 1] + hold.expected_nanos
  budget[WORST] = budget[WORST] + hold.worst_usd
  budget[WORST + 1] = budget[WORST + 1] + hold.worst_nanos
end

-- A counter that was rebuilt since does not know the hold: taking it out would take somebody else's. Counted, not timed: a clock
-- that steps back would make holds look older than they are.
local function remove_hold(budget, epoch, hold)
  if budget[REBUILT] > hold.rebuilds then
    return
  end
  if budget[FRONT] ~= hold.bucket then
    bring_to_front(budget, epoch, hold.bucket)
  end
  local expected_usd, expected_nanos = budget[EXPECTED] - hold.expected_usd, budget[EXPECTED + 1] - hold.expected_nanos
  local worst_usd, worst_nanos = budget[WORST] - hold.worst_usd, budget[WORST + 1] - hold.worst_nanos
  if is_positive(-expected_usd, -expected_nanos) then
    expected_usd, expected_nanos = 0, 0
  end
  if is_positive(-worst_usd, -worst_nanos) then
    worst_usd, worst_nanos = 0, 0
  end
  budget[EXPECTED], budget[EXPECTED + 1], budget[WORST], budget[WORST + 1] =
    expected_usd, expected_nanos, worst_usd, worst_nanos
end

local function held(budget, track)
  local beside = track - EXPECTED + BESIDE_EXPECTED
  return budget[track] + budget[beside], budget[track + 1] + budget[beside + 1]
end

-- The first bucket whose end gives something back; nil where nothing is held.
local function first_held_bucket(budget, epoch)
  local first = nil
  for _, text in ipairs(split_buckets(budget, epoch, budget[OLDEST])) do
    local bucket, expected_usd, expected_nanos, worst_usd, worst_nanos = struct.unpack(BUCKET_FORMAT, text)
    if is_positive(expected_usd + worst_usd, expected_nanos + worst_nanos) then
      first = math.min(first or bucket, bucket)
    end
  end
  return first
end

-- To a period of the calendar, or to the part of a window that began at \`starts\`.
local function charge(budget, starts, usd, nanos, now_ms)
  -- A release leaves no part behind.
  if budget.window and (usd ~= 0 or nanos ~= 0) then
    charge_part(budget.window, starts, usd, nanos)
    if now_ms >= part_is_out_ms(starts, budget[PART]) then
      return
    end
  end
  budget[SPENT], budget[SPENT + 1] = budget[SPENT] + usd, budget[SPENT + 1] + nanos
end

local function charged_to(budget, starts)
  if budget.window then
    return charged_to_part(budget.window, starts)
  end
  return budget[SPENT], budget[SPENT + 1]
end

-- When so much of what was spent no longer counts, at the soonest.
local function left_at_ms(budget, usd, nanos, now_ms, ends)
  if not budget.window then
    return ends
  end
  return parts_left_at_ms(budget.window, budget[PART], usd, nanos, now_ms)
end

-- Every key but the state expires. The time only moves out: a batch that lives longer than its period keeps the counter.
local function write_budget(key, budget, epoch, now_ms, needed_until_ms)
  local spent_usd, spent_nanos = carried(budget[SPENT], budget[SPENT + 1])
  local expected_usd, expected_nanos = carried(budget[EXPECTED], budget[EXPECTED + 1])
  local worst_usd, worst_nanos = carried(budget[WORST], budget[WORST + 1])
  local window, others = '', nil
  if budget.window then
    others = other_buckets(budget, epoch)
    window, budget[PARTS] = pack_window(budget.window)
    needed_until_ms = math.max(needed_until_ms, window_is_out_ms(budget.window, budget[PART], budget[SINCE]))
  end
  local is_longer = needed_until_ms > budget[EXPIRES]
  local amounts = struct.pack(
    AMOUNTS_FORMAT, spent_usd, spent_nanos, budget[FRONT], expected_usd, expected_nanos, worst_usd, worst_nanos)
  if not is_longer and not budget.others and not budget.window then
    redis.call('SETRANGE', key, AMOUNTS_OFFSET, amounts)
    return
  end
  local before = struct.pack('<ddd', math.max(budget[EXPIRES], needed_until_ms), budget[REBUILT], budget[OLDEST])
  local beside = struct.pack('<ddddddddddd', unpack(budget, BESIDE_EXPECTED, FIXED))
  others = others or other_buckets(budget, epoch)
  local text = before .. amounts .. beside .. window .. others .. epoch
  if is_longer then
    redis.call('SET', key, text, 'PX', whole(math.max(needed_until_ms - now_ms, 1)))
  else
    redis.call('SET', key, text, 'KEEPTTL')
  end
end
-- Thresholds of a budget, each announced once in its period, by the script that takes what is spent to it. A rolling window has none: what
-- it announces first begins one, which is over when the window has passed. A budget (budget.lua) holds
--   announced   the highest threshold that was announced, in percent: sticky, whatever becomes of spent or limit
--   judged      the configuration version by which \`next\` was found; 0 where it has to be found again
--   next        the amount at which there is something to announce, in two limbs
--   since       of a rolling window: the part in which it announced first, 0 for none
-- so that a charge below it costs one comparison. The state's \`thresholds\` has what \`src/thresholds.ts\` made of the configuration.
-- An announcement waits in the outbox: a sorted set of '<period key>|<percent>|<spent>|<limit>|<instant>' by when it may be taken.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local MOST_ANNOUNCEMENTS = 1000
local ANNOUNCEMENTS_FOR_MS = 32 * 24 * 3600 * 1000
local FOREVER_MS = 9007199254740991

-- Those of one value's counter, of which grants may be, stand before those of its budget. Behind them its breaker (pace.lua), if it has one.
local function thresholds_of(state_key, period, now_ms)
  local text = redis.call('HGET', state_key, 'thresholds') or ''
  local budget_id, unit, value = string.match(period, '^([^:]+):([^:]+):[^:]+(.*)$')
  local measure = string.match(unit, '^(%a+)%.')
  if measure then
    budget_id = measure .. '/' .. budget_id
  end
  local _, at = string.find(text, '\\n' .. budget_id .. value .. ' ', 1, true)
  if not at then
    _, at = string.find(text, '\\n' .. budget_id .. ' ', 1, true)
  end
  if not at then
    return nil
  end
  for _, step in ipairs(cjson.decode(string.match(text, '^[^\\n]*', at + 1))) do
    local until_ms, limit, thresholds, velocity = unpack(step)
    if now_ms < until_ms then
      return thresholds, limit, until_ms, velocity
    end
  end
end

local function is_announced_anew(budget, now_ms)
  return budget[SINCE] > 0 and now_ms >= part_is_out_ms(budget[SINCE], budget[PART])
end

local function is_due(budget, version, now_ms)
  return budget[JUDGED] ~= version
    or is_announced_anew(budget, now_ms)
    or not is_positive(budget[NEXT] - budget[SPENT], budget[NEXT + 1] - budget[SPENT + 1])
end

-- The oldest give way: whoever wants to be told looks more often than that.
local function keep_announcement(outbox_key, from_ms, announcement)
  redis.call('ZADD', outbox_key, whole(from_ms), announcement)
  redis.call('ZREMRANGEBYRANK', outbox_key, 0, -MOST_ANNOUNCEMENTS - 1)
  redis.call('PEXPIRE', outbox_key, whole(ANNOUNCEMENTS_FOR_MS))
end

-- The period that an announcement names: of a rolling window the one that its first announcement began.
local function announced_period(period, budget, now_ms)
  if not budget.window then
    return period
  end
  if budget[SINCE] == 0 then
    budget[SINCE] = math.floor(now_ms / budget[PART]) * budget[PART]
  end
  return (string.gsub(period, ':0$', ':' .. whole(budget[SINCE])))
end

-- Only where \`is_due\`. Who calls it writes the budget.
local function announce(state_key, outbox_key, budget_key, budget, epoch, version, now_ms)
  local period = string.match(budget_key, ':budget:(.*)$')
  local thresholds, limit, until_ms = thresholds_of(state_key, period, now_ms)
  other_buckets(budget, epoch)
  budget[JUDGED], budget[NEXT], budget[NEXT + 1] = version, math.huge, 0
  if is_announced_anew(budget, now_ms) then
    budget[ANNOUNCED], budget[SINCE] = 0, 0
  end
  for _, threshold in ipairs(thresholds or {}) do
    local percent, usd, nanos = unpack(threshold)
    if is_positive(usd - budget[SPENT], nanos - budget[SPENT + 1]) then
      budget[NEXT], budget[NEXT + 1] = usd, nanos
      break
    end
    if percent > budget[ANNOUNCED] then
      budget[ANNOUNCED] = percent
      local spent = money_text(budget[SPENT], budget[SPENT + 1])
      local named = announced_period(period, budget, now_ms)
      keep_announcement(outbox_key, now_ms, table.concat({ named, percent, spent, limit, whole(now_ms) }, '|'))
    end
  end
  if until_ms and until_ms < FOREVER_MS then
    budget[JUDGED] = 0
  end
end
-- How fast a budget is spent: in windows of five minutes, and against the 24 before. A window that costs more than the floor, and more
-- than so many times their median, trips the breaker: for a while calls are denied. \`src/pace.ts\` states the same rules. A string of
-- doubles, beside the counters, because it outlives their periods:
--   window, spent      the one that is counted, by its number, which never goes back; amounts are in two limbs
--   tripped, ends      when it tripped last, and until when it denies, ms; 0 for never
--   trip               what was spent then, more than which is too much, and the median
--   judged, floor      the configuration version by which the floor was found
--   before             what was spent in each of the windows before, the latest first
-- What the breaker of a budget is stands with its thresholds (announce.lua). A Redis that has lost it begins to learn anew.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local PACE_WINDOW_MS, PACE_WINDOWS = 300000, 24
local WINDOW, PACED, TRIPPED, TRIP_ENDS, TRIP, PACE_JUDGED, FLOOR, BEFORE = 1, 2, 4, 5, 6, 12, 13, 15
local PACE_VALUES = BEFORE - 1 + 2 * PACE_WINDOWS
local PACE_FORMAT = '<' .. string.rep('d', PACE_VALUES)

local function read_pace(text)
  if text and #text == 8 * PACE_VALUES then
    return { struct.unpack(PACE_FORMAT, text) }
  end
  local pace = {}
  for index = 1, PACE_VALUES do
    pace[index] = 0
  end
  return pace
end

local function is_tripped(pace, now_ms)
  return now_ms < pace[TRIP_ENDS]
end

local function move_pace(pace, window)
  local passed = math.min(window - pace[WINDOW], PACE_WINDOWS + 1)
  if passed <= 0 then
    return
  end
  for place = PACE_WINDOWS - 1, 0, -1 do
    local from = place - passed
    local at = from >= 0 and BEFORE + 2 * from or PACED
    local is_counted = from >= -1
    pace[BEFORE + 2 * place] = is_counted and pace[at] or 0
    pace[BEFORE + 2 * place + 1] = is_counted and pace[at + 1] or 0
  end
  pace[WINDOW], pace[PACED], pace[PACED + 1] = window, 0, 0
end

-- Half of what the two windows in the middle cost together, so many times, rounded down.
local function times_median(pace, times)
  local windows = {}
  for place = 0, PACE_WINDOWS - 1 do
    windows[place + 1] = { pace[BEFORE + 2 * place], pace[BEFORE + 2 * place + 1] }
  end
  table.sort(windows, function(one, other)
    return one[1] < other[1] or one[1] == other[1] and one[2] < other[2]
  end)
  local low, high = windows[PACE_WINDOWS / 2], windows[PACE_WINDOWS / 2 + 1]
  local usd, nanos = carried((low[1] + high[1]) * times, (low[2] + high[2]) * times)
  local odd = usd % 2
  return carried((usd - odd) / 2, math.floor((nanos + odd * NANOS_PER_USD) / 2))
end

-- Counts a charge. True where that trips the breaker: not while it denies already, so that somebody is told once.
local function charge_pace(pace, usd, nanos, now_ms, version, velocity_now)
  move_pace(pace, math.floor(now_ms / PACE_WINDOW_MS))
  pace[PACED], pace[PACED + 1] = carried(pace[PACED] + usd, pace[PACED + 1] + nanos)
  local velocity = nil
  if pace[PACE_JUDGED] ~= version then
    velocity = velocity_now() or { math.huge, 0, 0, 0 }
    pace[PACE_JUDGED], pace[FLOOR], pace[FLOOR + 1] = version, velocity[1], velocity[2]
  end
  if is_tripped(pace, now_ms) or not is_positive(pace[PACED] - pace[FLOOR], pace[PACED + 1] - pace[FLOOR + 1]) then
    return false
  end
  velocity = velocity or velocity_now()
  local limit_usd, limit_nanos = times_median(pace, velocity[3])
  if is_positive(pace[FLOOR] - limit_usd, pace[FLOOR + 1] - limit_nanos) then
    limit_usd, limit_nanos = pace[FLOOR], pace[FLOOR + 1]
  end
  if not is_positive(pace[PACED] - limit_usd, pace[PACED + 1] - limit_nanos) then
    return false
  end
  pace[TRIPPED], pace[TRIP_ENDS] = now_ms, now_ms + velocity[4]
  pace[TRIP], pace[TRIP + 1], pace[TRIP + 2], pace[TRIP + 3] = pace[PACED], pace[PACED + 1], limit_usd, limit_nanos
  pace[TRIP + 4], pace[TRIP + 5] = times_median(pace, 1)
  return true
end

local function write_pace(key, pace, now_ms)
  local kept_ms = (PACE_WINDOWS + 1) * PACE_WINDOW_MS
  local text = struct.pack(PACE_FORMAT, unpack(pace))
  redis.call('SET', key, text, 'PX', whole(math.max(kept_ms, pace[TRIP_ENDS] - now_ms)))
end

local asked = cjson.decode(ARGV[1])
local BEFORE_FIRST, VALUES_PER_ATTEMPT = 3, 4
local count = #asked - BEFORE_FIRST
local replies = {}

local state = read_state(KEYS[1])
if not state then
  for index = 1, count do
    local reply = { 'EPOCH' }
    replies[index] = reply
  end
  return replies
end

local stored = redis.call('MGET', unpack(KEYS, 2, #KEYS - 1))
local now, grace = server_now_ms(), asked[3]
local current = current_bucket(state, now, asked[1], asked[2])
local past = bucket_end_ms(state, current - 1)
local budgets, needed_until, is_changed = {}, {}, false
local FIRST_BUDGET, OWN_AMOUNT, PACE = 4, 3, 5
local paces, version = {}, tonumber(state.version)

-- What is charged to the budget at this place: its own amount, or that of the attempt.
local function charge_at(request, at)
  if request[FIRST_BUDGET - 1] > OWN_AMOUNT then
    return request[at + OWN_AMOUNT], request[at + OWN_AMOUNT + 1]
  end
  return request[1], request[2]
end

-- Changes nothing. A reply, where a charge cannot be added to what is there.
local function find_budgets(request)
  local width = request[FIRST_BUDGET - 1]
  for at = FIRST_BUDGET, #request, width do
    local position, place = request[at], (at - FIRST_BUDGET) / width + 1
    local starts, ends = request[at + 1], request[at + 2]
    local charge_usd, charge_nanos = charge_at(request, at)
    local key = KEYS[1 + position]
    local budget = budgets[position] or read_budget(stored[position], state.epoch, current, now, past)
    -- A counter of a period that is over may have expired: nobody is admitted by it any more, and the charge still counts.
    if not budget and not is_over(key, ends, now) and is_lost(state, KEYS[1], key, stored[position], starts, now) then
      return { 'SEED', whole(place) }
    end
    budget = budget or new_budget(key)
    budgets[position] = budget
    if is_positive(budget[SPENT] + charge_usd - LARGEST_USD, budget[SPENT + 1] + charge_nanos - LARGEST_NANOS) then
      return { 'RANGE', whole(place) }
    end
  end
end

local function outcome_of(known, live)
  local outcome = 'ORPHAN'
  if live then
    outcome = 'OK'
  elseif known and known.state == 'V' then
    outcome = 'REOPEN'
  elseif known and known.epoch == state.epoch then
    outcome = 'LATE'
  end
  return outcome
end

-- Whoever is to be told of a trip is told by the script that takes what is spent so far.
local function count_pace(position, budget_key, usd, nanos)
  local period = string.match(budget_key, ':budget:(.*)$')
  local function velocity_now()
    return (select(4, thresholds_of(KEYS[1], period, now)))
  end
  local pace = paces[position] or read_pace(stored[position])
  paces[position] = pace
  if charge_pace(pace, usd, nanos, now, version, velocity_now) then
    local budget_id, value = string.match(period, '^([^:]+):[^:]+:[^:]+(.*)$')
    local spent, limit = money_text(pace[TRIP], pace[TRIP + 1]), money_text(pace[TRIP + 2], pace[TRIP + 3])
    local trip = budget_id .. ':velocity:' .. whole(now) .. value
    keep_announcement(KEYS[#KEYS], now, table.concat({ trip, '100', spent, limit, whole(now) }, '|'))
  end
end

-- The charge in the place of the hold, where that lives, on every budget.
local function replace_hold(request, kind, known, live)
  local width = request[FIRST_BUDGET - 1]
  local hold = live and hold_of(known, 1)
  local is_split = live and (differs(known.expected) or differs(known.worst))
  for at = FIRST_BUDGET, #request, width do
    local position = request[at]
    local budget = budgets[position]
    if is_split then
      hold = hold_of(known, (at - FIRST_BUDGET) / width + 1)
    end
    local is_known = budget.text ~= nil or needed_until[position] ~= nil
    if live and is_known then
      remove_hold(budget, state.epoch, hold)
    end
    local charge_usd, charge_nanos = charge_at(request, at)
    charge(budget, request[at + 1], charge_usd, charge_nanos, math.max(now, past))
    if width > PACE and request[at + PACE] > 0 and is_positive(charge_usd, charge_nanos) then
      count_pace(request[at + PACE], KEYS[1 + position], charge_usd, charge_nanos)
    end
    if not is_known and kind == 'S' then
      needed_until[position] = math.max(request[at + 2], now) + grace
    elseif is_known and (live or kind == 'S') then
      needed_until[position] = needed_until[position] or 0
    end
  end
  is_changed = true
end

-- Gapless: a number that is missing in the ledger is a settlement that never arrived there.
local function number_end(attempt)
  attempt.epoch, attempt.rebuilds = state.epoch, state.rebuilds
  attempt.seq = whole(redis.call('HINCRBY', KEYS[1], 'seq', '1'))
  attempt.settled = whole(now)
  return attempt
end

local function settle(index, request)
  local at_values = 1 + (index - 1) * VALUES_PER_ATTEMPT
  local kind, amount, entries, pinned = unpack(ARGV, at_values + 1, at_values + VALUES_PER_ATTEMPT)
  local instant, made_in = string.match(pinned, '^([^:]+):?(.*)$')
  local known = read_attempt(stored[index])
  -- One that ended in an epoch that was lost since is charged anew: whoever asks again never got its number, so no ledger has it.
  if known and (known.state == 'A' or known.state ~= 'H' and known.epoch ~= state.epoch) then
    known = nil
  end
  if known and (known.state == 'S' or known.state == kind) then
    return { 'DUP', known.text }
  end
  if known and known.entries ~= entries then
    return { 'PINNED', known.text }
  end
  if not stored[index] and made_in == state.epoch and now < tonumber(instant) + UNENDED_MS then
    local again = number_end({ state = kind, entries = entries, instant = instant, amount = amount })
    -- After a release it would stay unknown whether it was charged.
    if kind == 'S' then
      write_attempt(KEYS[1 + index], again, grace)
    end
    return { 'AGAIN', state.epoch, instant, again.seq, again.settled }
  end
  local refused = find_budgets(request)
  if refused then
    return refused
  end

  local live = is_live(known, state, current)
  local outcome = outcome_of(known, live)
  replace_hold(request, kind, known, live)
  local attempt = known or { entries = entries, instant = instant }
  attempt.state, attempt.amount = kind, amount
  write_attempt(KEYS[1 + index], number_end(attempt), grace)
  return { outcome, state.epoch, attempt.instant, attempt.seq, attempt.settled }
end

for index = 1, count do
  replies[index] = settle(index, asked[BEFORE_FIRST + index])
end
if is_changed then
  pass_buckets(KEYS[1], state, current)
end
for position, pace in pairs(paces) do
  write_pace(KEYS[1 + position], pace, now)
end
for position, until_ms in pairs(needed_until) do
  local key, budget = KEYS[1 + position], budgets[position]
  if is_due(budget, version, now) then
    announce(KEYS[1], KEYS[#KEYS], key, budget, state.epoch, version, now)
  end
  write_budget(key, budget, state.epoch, now, until_ms)
end
return replies
`,
} as const;

/** The part of every script that reads the clock, and what tests put in its place. */
export const CLOCK = `-- The server's clock decides periods and expiry, because it is the one clock that all callers share.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`;
export const CLOCK_OF_TEST = `-- Stands in the place of clock.lua where a test moves time: the server's clock is a number under a key that the test names.
--
-- Fragment: reads no KEYS and no ARGV. Returns: its functions, as locals of the script that includes it.
local function server_now_ms()
  return tonumber(redis.call('GET', '{{key of the test clock}}'))
end`;
