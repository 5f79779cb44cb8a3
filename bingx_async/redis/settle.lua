-- The call has ended: its tokens return one hold after its reply. What it taught is written down.
--
-- KEYS  1..2 gates, 3 errors, then per claim: returns, flights, meta
-- ARGV  1 now or '', 2 permit, 3 age of the reply (ms), 4 '1' if it proves the scope open, 5 error code or '',
--       6 error window (ms), 7 what the exchange says remains or '', 8 bound from the grant, 9 quota of claim 1,
--       10 channel, then per claim: hold + extra (ms)
-- reply {gates opened, calls that are not ours}
local now, permit, at = clock(ARGV[1]), ARGV[2], nil
at = now - tonumber(ARGV[3])
local claims = (#KEYS - 3) / 3
local first = tonumber(ARGV[11])

for i = 1, claims do
  local returns, flights, back = KEYS[3 * i + 1], KEYS[3 * i + 2], tonumber(ARGV[10 + i])
  redis.call('ZREM', flights, permit)
  if at + back > now then
    redis.call('ZADD', returns, 'NX', text(at + back), permit)
    redis.call('PEXPIRE', returns, math.max(math.ceil(back) + 60000, redis.call('PTTL', returns)))
  end
end

local opened = 0
for g = 1, 2 do
  if redis.call('HGET', KEYS[g], 'probe') == permit then
    if ARGV[4] == '1' then
      redis.call('DEL', KEYS[g])
      opened = opened + 1
    else
      redis.call('HDEL', KEYS[g], 'probe', 'probe_until')
    end
  end
end
if opened > 0 then redis.call('PUBLISH', ARGV[10], 'open') end

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
  for n = 1, foreign do redis.call('ZADD', returns, text(now + first), permit .. ':foreign:' .. n) end
end
return {opened, math.max(0, foreign)}
