-- A process traded on its own while it could not reach the store: nobody may count on what the store remembers.
--
-- KEYS  1 birth
-- ARGV  1 now or '', 2 how long others may take to notice that the store is back (ms)
-- reply 1, or 0 if somebody who was away at the same time has said so already
local now = clock(ARGV[1])
local birth = tonumber(string.match(redis.call('GET', KEYS[1]) or '', ' (%S+) %S+$') or '-inf')
if birth < now then
  redis.call('SET', KEYS[1], run_id() .. ' ' .. text(now + tonumber(ARGV[2])) .. ' ' .. text(now), 'PX', 604800000)
  return 1
end
return 0
