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

-- Spent and live holds; `past` lists the fields to drop, `oldest` is the first bucket whose end gives something back.
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

-- `rebuild` is the counter's field s. Taking a hold out of a counter that does not know it would take somebody else's.
local function remove_hold(key, attempt, rebuild)
  if not is_rebuilt_since(attempt, rebuild) then
    take_out(key, 'h' .. attempt.bucket, attempt.expected)
    take_out(key, 'w' .. attempt.bucket, attempt.worst)
  end
end
