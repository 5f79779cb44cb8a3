-- Gates: what the exchange has closed, until a moment (penalise.lua).
--
-- After that moment one call goes first, the probe; the others wait for its end, which is published (settle.lua,
-- release.lua). A reply that proves the scope open deletes the gate; without one the next call is the probe. A gate is
-- a hash of until, reason, and of the probe: probe (its permit), probe_at, probe_until (the end of its lifetime).
local PROBE_WAIT = 1000 -- ms until asking again: a message may be lost

-- When a call may pass, and how long to wait where only the probe can tell. Nil for a gate that is open.
local function passable_at(gate)
  local known = redis.call('HMGET', gate, 'until', 'probe', 'probe_until')
  local closed_until, probe_until = tonumber(known[1]), known[2] and tonumber(known[3]) or now
  if not closed_until then return nil end
  if closed_until > now then return closed_until end
  if probe_until > now then return math.huge, math.min(PROBE_WAIT, probe_until - now) end
  return now
end
