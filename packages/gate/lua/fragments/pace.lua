-- How fast a budget is spent: in windows of five minutes, and against the 24 before. A window that costs more than the floor, and more
-- than so many times their median, trips the breaker: for a while calls are denied. `src/pace.ts` states the same rules. A string of
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
