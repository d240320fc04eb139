-- A call that does not fit on its budget alone: the budget holds what of it still fits, its share, and its pool what is above. Of two
-- budgets that lack something of one call and have one pool, the smaller share counts there: the pool pays nothing twice.
-- `src/pools.ts` states the same rules.
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
