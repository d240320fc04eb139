-- Thresholds of a budget, each announced once in its period, by the script that takes what is spent to it. A rolling window has none: what
-- it announces first begins one, which is over when the window has passed. A budget (budget.lua) holds
--   announced   the highest threshold that was announced, in percent: sticky, whatever becomes of spent or limit
--   judged      the configuration version by which `next` was found; 0 where it has to be found again
--   next        the amount at which there is something to announce, in two limbs
--   since       of a rolling window: the part in which it announced first, 0 for none
-- so that a charge below it costs one comparison. The state's `thresholds` has what `src/thresholds.ts` made of the configuration.
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
  local _, at = string.find(text, '\n' .. budget_id .. value .. ' ', 1, true)
  if not at then
    _, at = string.find(text, '\n' .. budget_id .. ' ', 1, true)
  end
  if not at then
    return nil
  end
  for _, step in ipairs(cjson.decode(string.match(text, '^[^\n]*', at + 1))) do
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

-- Only where `is_due`. Who calls it writes the budget.
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
