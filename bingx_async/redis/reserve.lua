-- Take one token of every claim, or none and say when and where it will be possible.
--
-- KEYS  1 birth, 2..3 gates (endpoint, egress), 4 errors, then per claim: returns, flights, meta
-- ARGV  1 now or '', 2 permit, 3 longest life of the request (ms), 4 cold margin (ms), 5 error limit (0: no check),
--       6 error window (ms), then per claim: limit, hold (ms), gap (ms)
-- reply {'ok', bound} | {'no', wait in ms or -1, claim number, or 0/-1 for the gates} | {'spent', code, used, wait}
local now, permit, life = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local never = math.huge
local claims = (#KEYS - 4) / 3

local birth = tonumber(redis.call('GET', KEYS[1]) or text(now))
redis.call('SET', KEYS[1], text(birth), 'PX', 604800000)

if tonumber(ARGV[5]) > 0 then
  local limit, window = tonumber(ARGV[5]), tonumber(ARGV[6])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now - window))
  local seen = redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')
  local flying = redis.call('ZCOUNT', KEYS[6], '(' .. text(now), '+inf')
  local counts, moments = {}, {}
  for i = 1, #seen, 2 do
    local code = string.match(seen[i], '^[^:]*')
    counts[code] = (counts[code] or 0) + 1
    moments[code] = moments[code] or {}
    table.insert(moments[code], tonumber(seen[i + 1]))
  end
  for code, used in pairs(counts) do
    if used >= limit - 1 then
      return {'spent', code, used, text(moments[code][used - limit + 2] + window - now)}
    elseif used + flying >= limit then
      return {'spent', code, used, '0'}
    end
  end
end

local latest, where = now, nil
local bound = 0
for i = 1, claims do
  local returns, flights, meta = KEYS[3 * i + 2], KEYS[3 * i + 3], KEYS[3 * i + 4]
  local limit, hold, gap = tonumber(ARGV[3 * i + 4]), tonumber(ARGV[3 * i + 5]), tonumber(ARGV[3 * i + 6])
  redis.call('ZREMRANGEBYSCORE', returns, '-inf', text(now))
  redis.call('ZREMRANGEBYSCORE', flights, '-inf', text(now))
  local back, out = redis.call('ZCARD', returns), redis.call('ZCARD', flights)
  local ready = now
  local cold_until = birth + hold + tonumber(ARGV[4])
  if now < cold_until then
    if gap > 0 then limit = math.max(1, math.floor(limit / 2)) else ready = cold_until end
  end
  local free = limit - back - out
  if free <= 0 then
    local place = math.abs(free)  -- not -free: minus zero is no index
    if back > place then
      ready = math.max(ready, tonumber(redis.call('ZRANGE', returns, place, place, 'WITHSCORES')[2]))
    else
      ready = never
    end
  end
  if gap > 0 and 2 * free < limit and ready < never then
    local missing = math.floor((limit + 1) / 2) - free
    ready = math.max(ready, tonumber(redis.call('HGET', meta, 'last') or '-inf') + gap)
    if missing <= back then
      ready = math.min(ready, tonumber(redis.call('ZRANGE', returns, missing - 1, missing - 1, 'WITHSCORES')[2]))
    end
  end
  if ready > latest then latest, where = ready, i end
  if i == 1 then bound = back + out - tonumber(redis.call('HGET', meta, 'grants') or '0') end
end

local closed = {}
for g = 2, 3 do
  local gate = redis.call('HMGET', KEYS[g], 'until', 'probe', 'probe_until')
  if gate[1] then
    local ready = now
    if tonumber(gate[1]) > now then
      ready = tonumber(gate[1])
    elseif gate[2] and tonumber(gate[3]) > now then
      ready = never
    end
    if ready > latest then latest, where = ready, 2 - g end
    table.insert(closed, KEYS[g])
  end
end

if where then
  if latest == never then return {'no', '-1', where} end
  return {'no', text(latest - now), where}
end

for i = 1, claims do
  local flights, meta, hold = KEYS[3 * i + 3], KEYS[3 * i + 4], tonumber(ARGV[3 * i + 5])
  local span = math.ceil(life + hold) + 60000
  redis.call('ZADD', flights, text(now + life + hold), permit)
  redis.call('PEXPIRE', flights, span)
  redis.call('HSET', meta, 'last', text(now))
  redis.call('HINCRBY', meta, 'grants', 1)
  redis.call('PEXPIRE', meta, span)
end
for _, gate in ipairs(closed) do
  redis.call('HSET', gate, 'probe', permit, 'probe_until', text(now + life))
end
return {'ok', tostring(bound)}
