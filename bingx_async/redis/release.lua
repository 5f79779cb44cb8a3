-- Not one byte was sent: the tokens are free at once, and whoever waits elsewhere is told.
--
-- KEYS  1..2 gates, then per claim: flights
-- ARGV  1 permit, 2 channel
local freed = 0
for i = 3, #KEYS do freed = freed + redis.call('ZREM', KEYS[i], ARGV[1]) end
for g = 1, redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 and 2 or 0 do
  if redis.call('HGET', KEYS[g], 'probe') == ARGV[1] then
    redis.call('HDEL', KEYS[g], 'probe', 'probe_at', 'probe_until')
    freed = freed + 1
  end
end
if freed > 0 then redis.call('PUBLISH', ARGV[2], 'free') end
return freed
