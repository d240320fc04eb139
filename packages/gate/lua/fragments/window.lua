-- What was spent within a rolling window: time in parts of a sixtieth of it, each charge in the part of its reserve. A part counts
-- while it is the current one and for sixty more, so for the whole window at least. `src/window-parts.ts` states the same rules.
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
