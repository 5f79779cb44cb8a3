-- A call has ended: its tokens return one occupancy after its reply, and what the reply says is recorded.
-- Idempotent: a request whose reply was lost can be repeated.
--
-- KEYS  1..2 gates, 3 errors, then per claim: expiries, in_flight, state
-- ARGV  1 now or '', 2 channel, 3 4..5 labels of the gates, 3 the words: 1 permit, 2 age of the reply (ms), 3 1 if it proves the scope open,
--       4 error code or -, 5 error window (ms), 6 number of the claim whose use the exchange has told, or 0,
--       7 that use, 8 bound from the grant, then per claim: occupancy (ms), occupancy + extra (ms)
-- reply the words: gates opened, calls that are not ours
local told = words(ARGV[3])
local permit, at, counted = told[1], now - tonumber(told[2]), tonumber(told[6])

for n = 1, (#KEYS - 3) / 3 do
  local expiries, in_flight, expires_at = KEYS[3 * n + 1], KEYS[3 * n + 2], at + tonumber(told[8 + 2 * n])
  local known = redis.call('ZREM', in_flight, permit) == 0 and redis.call('ZSCORE', expiries, permit)
  -- In a repeated request the age may have grown after the reply was received: the earlier moment is right.
  if expires_at > now and (not known or expires_at < tonumber(known)) then
    redis.call('ZADD', expiries, text(expires_at), permit)
    if redis.call('PTTL', expiries) < expires_at - now + 30000 then
      redis.call('PEXPIRE', expiries, math.ceil(expires_at - now) + 90000)
    end
  end
end

local ended, opened = {}, 0
for n = 1, redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 and 2 or 0 do
  local gate = redis.call('HMGET', KEYS[n], 'probe', 'probe_at', 'until')
  if gate[1] == permit then
    table.insert(ended, ' ' .. ARGV[n + 3])
    if told[3] == '1' and tonumber(gate[3]) <= tonumber(gate[2]) then -- a later closure is not this probe's to open
      redis.call('DEL', KEYS[n])
      opened = opened + 1
    else
      redis.call('HDEL', KEYS[n], 'probe', 'probe_at', 'probe_until')
    end
  end
end
if #ended > 0 then redis.call('PUBLISH', ARGV[2], table.concat(ended, '\n')) end

if told[4] ~= '' then
  redis.call('ZADD', KEYS[3], text(at), told[4] .. ':' .. permit)
  redis.call('PEXPIRE', KEYS[3], math.ceil(tonumber(told[5])) + 60000)
end

-- Calls that the exchange counts and no process here can have made: they hold tokens for one occupancy.
local foreign = 0
if counted > 0 then
  local key, after, occupancy = 3 * counted + 1, '(' .. now_text, tonumber(told[7 + 2 * counted])
  local expiries, in_flight, state = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local live = redis.call('ZCOUNT', expiries, after, '+inf') + redis.call('ZCOUNT', in_flight, after, '+inf')
  local ours = tonumber(told[8]) + tonumber(redis.call('HGET', state, 'grants') or '0')
  foreign = math.max(0, tonumber(told[7]) - math.max(ours, live))
  for n = 1, foreign do redis.call('ZADD', expiries, text(now + occupancy), permit .. ':foreign:' .. n) end
  if foreign > 0 then
    redis.call('PEXPIRE', expiries, math.max(math.ceil(occupancy) + 60000, redis.call('PTTL', expiries)))
  end
end
return opened .. ' ' .. foreign
