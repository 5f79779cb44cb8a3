-- A call was not sent: its tokens are free at once, and processes that wait for them are told. Idempotent.
--
-- KEYS  1..2 gates, then per claim: in_flight, line
-- ARGV  1 now or '', 2 permit, 3 channel, 4..5 labels of the gates, then the label of each claim
-- reply tokens and probes given back
local freed = {}
for n = 3, #KEYS, 2 do
  if redis.call('ZREM', KEYS[n], ARGV[2]) == 1 then
    table.insert(freed, next_in_line(KEYS[n + 1]) .. ' ' .. ARGV[(n + 9) / 2])
  end
end
for n = 1, redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 and 2 or 0 do
  if redis.call('HGET', KEYS[n], 'probe') == ARGV[2] then
    redis.call('HDEL', KEYS[n], 'probe', 'probe_at', 'probe_until')
    table.insert(freed, ' ' .. ARGV[n + 3])
  end
end
if #freed > 0 then redis.call('PUBLISH', ARGV[3], table.concat(freed, '\n')) end
return #freed
