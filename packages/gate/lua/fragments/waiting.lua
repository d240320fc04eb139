-- After a loss a counter that has holds already waits to be filled in from the ledger. Until then it is of an epoch that never is in
-- force, so that to everybody else it is absent.
--
-- Fragment: reads no KEYS and no ARGV of its own. Returns: its functions, as locals of the script that includes it.
local function waiting_for(epoch)
  return epoch .. '~'
end
