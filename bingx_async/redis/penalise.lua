-- Close a scope; a moment is only ever moved to a later one.
--
-- KEYS  1 gate
-- ARGV  1 now or '', 2 span until it opens (ms), 3 reason, 4 longest penalty (ms)
-- reply span until it opens (ms)
local now = clock(ARGV[1])
local till = now + math.min(math.max(tonumber(ARGV[2]), 0), tonumber(ARGV[4]))
local known = tonumber(redis.call('HGET', KEYS[1], 'until') or '-inf')
if till >= known then
  redis.call('HSET', KEYS[1], 'until', text(till), 'reason', ARGV[3])
else
  till = known
end
redis.call('PEXPIRE', KEYS[1], math.ceil(till - now) + 3600000)
return text(till - now)
