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

-- All buckets from `current` on, and the one of that number, if there is one, apart from them.
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

-- `hold` is a bucket and two amounts, in limbs.
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

-- To a period of the calendar, or to the part of a window that began at `starts`.
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
