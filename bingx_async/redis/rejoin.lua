-- A process traded on its own while it could not reach the store: nobody may count on what the store remembers.
--
-- KEYS  1 birth
-- ARGV  1 now or '', 2 how long it was away (ms), 3 how long others may take to notice that the store is back (ms)
-- Somebody who was away at the same time may have said so already.
local now = clock(ARGV[1])
local birth = tonumber(redis.call('GET', KEYS[1]) or '-inf')
if birth < now - tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], text(now + tonumber(ARGV[3])), 'PX', 604800000)
  return 1
end
return 0
