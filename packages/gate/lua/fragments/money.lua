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
