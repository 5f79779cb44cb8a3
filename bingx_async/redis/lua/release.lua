-- A call was not sent: its tokens are free at once, and processes that wait are told. Idempotent.
--
-- KEYS  1..2 gates, then per claim: in_flight
-- ARGV  1 '', 2 permit, 3 channel
-- reply tokens and probes given back
local freed = 0
for n = 3, #KEYS do freed = freed + redis.call('ZREM', KEYS[n], ARGV[2]) end
for n = 1, redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 and 2 or 0 do
  if redis.call('HGET', KEYS[n], 'probe') == ARGV[2] then
    redis.call('HDEL', KEYS[n], 'probe', 'probe_at', 'probe_until')
    freed = freed + 1
  end
end
if freed > 0 then redis.call('PUBLISH', ARGV[3], 'free') end
return freed
