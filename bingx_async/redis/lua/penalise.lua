-- Close a scope; the moment is only ever moved to a later one.
--
-- KEYS  1 gate
-- ARGV  1 now or '', 2 time until it opens (ms), 3 reason, 4 longest penalty (ms)
-- reply time until it opens (ms)
local closed_until = now + math.min(math.max(tonumber(ARGV[2]), 0), tonumber(ARGV[4]))
local known = tonumber(redis.call('HGET', KEYS[1], 'until') or '-inf')
if closed_until >= known then
  redis.call('HSET', KEYS[1], 'until', text(closed_until), 'reason', ARGV[3])
else
  closed_until = known
end
redis.call('PEXPIRE', KEYS[1], math.ceil(closed_until - now) + 3600000)
return text(closed_until - now)
