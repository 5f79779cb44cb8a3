-- The call has ended: its tokens return one occupancy after its reply. What it taught is written down. Saying it twice
-- changes nothing.
--
-- KEYS  1..2 gates, 3 errors, then per claim: expiries, flights, meta
-- ARGV  1 now or '', 2 channel, 3 the words: 1 permit, 2 age of the reply (ms), 3 1 if it proves the scope open,
--       4 error code or -, 5 error window (ms), 6 what the exchange says remains or -, 7 bound from the grant,
--       8 limit of claim 1, then per claim: occupancy (ms), occupancy + extra (ms)
-- reply the words: gates opened, calls that are not ours
local now, told = clock(ARGV[1]), words(ARGV[3])
local permit = told[1]
local at = now - tonumber(told[2])
local claims = (#KEYS - 3) / 3

for i = 1, claims do
  local expiries, flights, back = KEYS[3 * i + 1], KEYS[3 * i + 2], at + tonumber(told[8 + 2 * i])
  local known = redis.call('ZREM', flights, permit) == 0 and redis.call('ZSCORE', expiries, permit)
  -- Told twice, the earlier moment is right: the age was taken before the telling was held up.
  if back > now and (not known or back < tonumber(known)) then
    redis.call('ZADD', expiries, text(back), permit)
    if redis.call('PTTL', expiries) < back - now + 30000 then
      redis.call('PEXPIRE', expiries, math.ceil(back - now) + 90000)
    end
  end
end

local opened, ended = 0, 0
for g = 1, redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 and 2 or 0 do
  local gate = redis.call('HMGET', KEYS[g], 'probe', 'probe_at', 'until')
  if gate[1] == permit then
    ended = ended + 1
    if told[3] == '1' and tonumber(gate[3]) <= tonumber(gate[2]) then -- a later closure is not the probe's to open
      redis.call('DEL', KEYS[g])
      opened = opened + 1
    else
      redis.call('HDEL', KEYS[g], 'probe', 'probe_at', 'probe_until')
    end
  end
end
if ended > 0 then redis.call('PUBLISH', ARGV[2], 'probed') end

if told[4] ~= '' then
  redis.call('ZADD', KEYS[3], text(at), told[4] .. ':' .. permit)
  redis.call('PEXPIRE', KEYS[3], math.ceil(tonumber(told[5])) + 60000)
end

local foreign = 0
if told[6] ~= '' then
  local expiries, flights, meta = KEYS[4], KEYS[5], KEYS[6]
  local since = '(' .. text(now)
  local live = redis.call('ZCOUNT', expiries, since, '+inf') + redis.call('ZCOUNT', flights, since, '+inf')
  local ours = tonumber(told[7]) + tonumber(redis.call('HGET', meta, 'grants') or '0')
  foreign = tonumber(told[8]) - tonumber(told[6]) - math.max(ours, live)
  for n = 1, foreign do redis.call('ZADD', expiries, text(now + tonumber(told[9])), permit .. ':foreign:' .. n) end
  if foreign > 0 then
    redis.call('PEXPIRE', expiries, math.max(math.ceil(tonumber(told[9])) + 60000, redis.call('PTTL', expiries)))
  end
end
return opened .. ' ' .. math.max(0, foreign)
