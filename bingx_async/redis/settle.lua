-- The call has ended: its tokens return one hold after its reply. What it taught is written down. Saying it twice
-- changes nothing.
--
-- KEYS  1..2 gates, 3 errors, then per claim: returns, flights, meta
-- ARGV  1 now or '', 2 permit, 3 age of the reply (ms), 4 '1' if it proves the scope open, 5 error code or '',
--       6 error window (ms), 7 what the exchange says remains or '', 8 bound from the grant, 9 limit of claim 1,
--       10 channel, then per claim: hold (ms), hold + extra (ms)
-- reply {gates opened, calls that are not ours}
local now, permit = clock(ARGV[1]), ARGV[2]
local at = now - tonumber(ARGV[3])
local claims = (#KEYS - 3) / 3

for i = 1, claims do
  local returns, flights, back = KEYS[3 * i + 1], KEYS[3 * i + 2], at + tonumber(ARGV[10 + 2 * i])
  redis.call('ZREM', flights, permit)
  -- Told twice, the earlier moment is right: the age was taken before the telling was held up.
  local known = redis.call('ZSCORE', returns, permit)
  if back > now and (not known or back < tonumber(known)) then
    redis.call('ZADD', returns, text(back), permit)
    redis.call('PEXPIRE', returns, math.max(math.ceil(back - now) + 60000, redis.call('PTTL', returns)))
  end
end

local opened, ended = 0, 0
for g = 1, 2 do
  local gate = redis.call('HMGET', KEYS[g], 'probe', 'probe_at', 'until')
  if gate[1] == permit then
    ended = ended + 1
    if ARGV[4] == '1' and tonumber(gate[3]) <= tonumber(gate[2]) then -- a later closure is not the probe's to open
      redis.call('DEL', KEYS[g])
      opened = opened + 1
    else
      redis.call('HDEL', KEYS[g], 'probe', 'probe_at', 'probe_until')
    end
  end
end
if ended > 0 then redis.call('PUBLISH', ARGV[10], 'probed') end

if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[3], text(at), ARGV[5] .. ':' .. permit)
  redis.call('PEXPIRE', KEYS[3], math.ceil(tonumber(ARGV[6])) + 60000)
end

local foreign = 0
if ARGV[7] ~= '' then
  local returns, flights, meta = KEYS[4], KEYS[5], KEYS[6]
  local live = redis.call('ZCOUNT', returns, '(' .. text(now), '+inf') + redis.call('ZCOUNT', flights, '(' .. text(now), '+inf')
  local ours = tonumber(ARGV[8]) + tonumber(redis.call('HGET', meta, 'grants') or '0')
  foreign = tonumber(ARGV[9]) - tonumber(ARGV[7]) - math.max(ours, live)
  for n = 1, foreign do redis.call('ZADD', returns, text(now + tonumber(ARGV[11])), permit .. ':foreign:' .. n) end
  if foreign > 0 then
    redis.call('PEXPIRE', returns, math.max(math.ceil(tonumber(ARGV[11])) + 60000, redis.call('PTTL', returns)))
  end
end
return {opened, math.max(0, foreign)}
