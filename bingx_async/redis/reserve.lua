-- Take one token of every claim, or none and say when and where it will be possible.
--
-- KEYS  1 birth, 2..3 gates (endpoint, egress), 4 errors, then per claim: returns, flights, meta
-- ARGV  1 now or '', 2 permit, 3 longest life of the request (ms), 4 cold margin (ms),
--       5 moment after which nobody waits for the answer any more or '', 6 error limit (0: no check),
--       7 error window (ms), then per claim: limit, hold (ms), gap (ms)
-- reply {'ok', now, bound, live of each claim ..} | {'no', now, wait in ms, claim number, or 0/-1 for the gates}
--       | {'spent', now, code, used, wait} | {'late', now}
local now, permit, life = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local never = math.huge
local claims = (#KEYS - 4) / 3
if ARGV[5] ~= '' and now > tonumber(ARGV[5]) then return {'late', text(now)} end

-- A server that has just started, or took over from another, may have forgotten the latest calls.
local run = run_id()
local born_in, birth = string.match(redis.call('GET', KEYS[1]) or '', '^(%S*) (%S+)$')
birth = tonumber(birth)
if not birth or born_in ~= run then birth = now end
redis.call('SET', KEYS[1], run .. ' ' .. text(birth), 'PX', 604800000)

local function spent()
  local limit, window = tonumber(ARGV[6]), tonumber(ARGV[7])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now - window))
  local seen = redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')
  local flying = redis.call('ZCOUNT', KEYS[6], '(' .. text(now), '+inf')
  local codes, moments = {}, {}
  for i = 1, #seen, 2 do
    local code = string.match(seen[i], '^[^:]*')
    if not moments[code] then
      moments[code] = {}
      table.insert(codes, code)
    end
    table.insert(moments[code], tonumber(seen[i + 1]))
  end
  local found
  for _, code in ipairs(codes) do
    local used, wait = #moments[code], nil
    if used >= limit - 1 then
      wait = moments[code][math.min(used, math.max(1, used - limit + 2))] + window - now
    elseif used + flying >= limit then
      wait = 0
    end
    if wait and (not found or wait > tonumber(found[5])) then found = {'spent', text(now), code, used, text(wait)} end
  end
  return found
end

local latest, where, wait = now, nil, nil
local bound, live = 0, {}
for i = 1, claims do
  local returns, flights, meta = KEYS[3 * i + 2], KEYS[3 * i + 3], KEYS[3 * i + 4]
  local limit, hold, gap = tonumber(ARGV[3 * i + 5]), tonumber(ARGV[3 * i + 6]), tonumber(ARGV[3 * i + 7])
  redis.call('ZREMRANGEBYSCORE', returns, '-inf', text(now))
  redis.call('ZREMRANGEBYSCORE', flights, '-inf', text(now))
  local back, out = redis.call('ZCARD', returns), redis.call('ZCARD', flights)
  local ready, patience = now, nil
  local cold_until = birth + hold + tonumber(ARGV[4])
  if now < cold_until then
    if gap > 0 then limit = math.max(1, math.floor(limit / 2)) else ready = cold_until end
  end
  local free = limit - back - out
  if free <= 0 then
    local place = math.abs(free) -- not -free: minus zero is no index
    if back > place then
      ready = math.max(ready, tonumber(redis.call('ZRANGE', returns, place, place, 'WITHSCORES')[2]))
    else -- a reply must come first: then it takes a hold at least, unless the process is dead
      local last = redis.call('ZRANGE', flights, place - back, place - back, 'WITHSCORES')[2]
      ready, patience = never, math.min(hold, tonumber(last) - now)
    end
  end
  if gap > 0 and 2 * free < limit and ready < never then
    local missing = math.floor((limit + 1) / 2) - free
    ready = math.max(ready, tonumber(redis.call('HGET', meta, 'last') or '-inf') + gap)
    if missing <= back then
      ready = math.min(ready, tonumber(redis.call('ZRANGE', returns, missing - 1, missing - 1, 'WITHSCORES')[2]))
    end
  end
  if ready > latest then latest, where, wait = ready, i, patience end
  if i == 1 then bound = back + out - tonumber(redis.call('HGET', meta, 'grants') or '0') end
  live[i] = back + out
end

local closed = {}
for g = 2, 3 do
  local gate = redis.call('HMGET', KEYS[g], 'until', 'probe', 'probe_until')
  if gate[1] then
    local ready, patience = now, nil
    if tonumber(gate[1]) > now then
      ready = tonumber(gate[1])
    elseif gate[2] and tonumber(gate[3]) > now then -- its answer is published; a message may be lost
      ready, patience = never, math.min(1000, tonumber(gate[3]) - now)
    end
    if ready > latest then latest, where, wait = ready, 2 - g, patience end
    table.insert(closed, KEYS[g])
  end
end

-- Asked twice by a client that tries again by itself? Then what was granted stays granted.
local is_again = redis.call('ZSCORE', KEYS[6], permit)
if not is_again then
  local refusal = tonumber(ARGV[6]) > 0 and spent()
  if refusal then return refusal end
  if where then return {'no', text(now), text(wait or latest - now), where} end
end

local answer = {'ok', text(now), tostring(bound)}
for i = 1, claims do
  local flights, meta, hold = KEYS[3 * i + 3], KEYS[3 * i + 4], tonumber(ARGV[3 * i + 6])
  local span = math.ceil(life + hold) + 60000
  redis.call('ZADD', flights, text(now + life + hold), permit)
  redis.call('PEXPIRE', flights, span)
  redis.call('HSET', meta, 'last', text(now))
  redis.call('HINCRBY', meta, 'grants', is_again and 0 or 1)
  redis.call('PEXPIRE', meta, span)
  table.insert(answer, live[i] + (is_again and 0 or 1))
end
for _, gate in ipairs(closed) do
  redis.call('HSET', gate, 'probe', permit, 'probe_at', text(now), 'probe_until', text(now + life))
end
return answer
