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
