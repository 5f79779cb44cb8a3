-- Not one byte was sent: the tokens are free at once, and whoever waits elsewhere is told.
--
-- KEYS  1..2 gates, then per claim: flights
-- ARGV  1 permit, 2 channel
for i = 3, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
for g = 1, 2 do
  if redis.call('HGET', KEYS[g], 'probe') == ARGV[1] then redis.call('HDEL', KEYS[g], 'probe', 'probe_until') end
end
redis.call('PUBLISH', ARGV[2], 'free')
return 1
