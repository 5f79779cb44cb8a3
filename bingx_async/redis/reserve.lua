-- Take one token of every claim, or none and say when and where it will be possible.
--
-- KEYS  1 birth, 2..3 gates (endpoint, egress), 4 errors, then per claim: expiries, flights, meta
-- ARGV  1 now or '', 2 the words: 1 permit, 2 longest life of the request (ms), 3 cold margin (ms),
--       4 moment after which nobody waits for the answer any more or -, 5 error limit (0: no check),
--       6 error window (ms), then per claim: limit, occupancy (ms), spacing (ms)
-- reply the words: ok, now, bound, live of each claim | no, now, wait (ms), claim number or 0/-1 for the gates
--       | spent, now, code, used, wait (ms) | late, now
local now, told = clock(ARGV[1]), words(ARGV[2])
local permit, life = told[1], tonumber(told[2])
local now_text = text(now)
local never = math.huge
local claims = (#KEYS - 4) / 3
local TURN, SPREAD, KEPT, GONE = 5, 25, 30, 100 -- ms; a turn, all turns together at most
if told[4] ~= '' and now > tonumber(told[4]) then return 'late ' .. now_text end

-- A server that has just started, or took over from another, may have forgotten the latest calls. No server can do
-- so within a tenth of a second, so which one this is need not be looked up for every call.
local born_in, birth, seen_at = string.match(redis.call('GET', KEYS[1]) or '', '^(%S*) (%S+) (%S+)$')
birth = tonumber(birth)
if not birth or math.abs(now - tonumber(seen_at)) > 100 then
  local run = run_id()
  if born_in ~= run then birth = now end
  redis.call('SET', KEYS[1], run .. ' ' .. text(birth) .. ' ' .. now_text, 'PX', 604800000)
end

-- Processes that wait for a bucket take turns. Its line tells who waits, in the order in which they began to, and for
-- the token of which moment: the first is sent to that moment, each other one a turn later. From that moment on tokens
-- are kept for them, but not for long: who does not come has gone.
local process = string.match(permit, '^(.+):')
local function read_line(line)
  local others, place = {}, nil
  for who, base in string.gmatch(line, '(%S+) (%S+)') do
    base = tonumber(base)
    if who == process then
      place = #others
    elseif base + GONE > now then
      table.insert(others, {who, base})
    end
  end
  return others, place or #others
end
local function due_before_us(line)
  local others, place = read_line(line)
  local due = 0
  for n = 1, place do
    local base = others[n][2]
    if base <= now and base + KEPT > now then due = due + 1 end
  end
  return due
end
local function written(line)
  local parts = {}
  for n = 1, #line do parts[n] = line[n][1] .. ' ' .. text(line[n][2]) end
  return table.concat(parts, ' ')
end

local function spent()
  local limit, window = tonumber(told[5]), tonumber(told[6])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now - window))
  local seen = redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')
  local flying = redis.call('ZCOUNT', KEYS[6], '(' .. now_text, '+inf')
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
    if wait and (not found or wait > tonumber(found[5])) then found = {'spent', now_text, code, used, text(wait)} end
  end
  return found
end

local latest, where, wait = now, nil, nil
local live, grants, is_new, is_stale, lines = {}, {}, {}, {}, {}
for i = 1, claims do
  local expiries, flights, meta = KEYS[3 * i + 2], KEYS[3 * i + 3], KEYS[3 * i + 4]
  local limit, occupancy, spacing = tonumber(told[3 * i + 4]), tonumber(told[3 * i + 5]), tonumber(told[3 * i + 6])
  local known = redis.call('HMGET', meta, 'grants', 'last', 'kept', 'line')
  lines[i] = known[4] or ''
  redis.call('ZREMRANGEBYSCORE', expiries, '-inf', now_text)
  local back, out = redis.call('ZCARD', expiries), redis.call('ZCARD', flights)
  if 2 * (limit - back - out) < limit and redis.call('ZREMRANGEBYSCORE', flights, '-inf', now_text) > 0 then
    out = redis.call('ZCARD', flights)
  end
  local ready, patience = now, nil
  local cold_until = birth + occupancy + tonumber(told[3])
  if now < cold_until then
    if spacing > 0 then limit = math.max(1, math.floor(limit / 2)) else ready = cold_until end
  end
  local free = limit - back - out
  if free <= 0 then
    local place = math.abs(free) -- not -free: minus zero is no index
    if back > place then
      ready = math.max(ready, tonumber(redis.call('ZRANGE', expiries, place, place, 'WITHSCORES')[2]))
    else -- a reply must come first: then it takes a occupancy at least, unless the process is dead
      local last = redis.call('ZRANGE', flights, place - back, place - back, 'WITHSCORES')[2]
      ready, patience = never, math.min(occupancy, tonumber(last) - now)
    end
  end
  if spacing > 0 and 2 * free < limit and ready < never then
    local missing = math.floor((limit + 1) / 2) - free
    ready = math.max(ready, tonumber(known[2] or '-inf') + spacing)
    if missing <= back then
      ready = math.min(ready, tonumber(redis.call('ZRANGE', expiries, missing - 1, missing - 1, 'WITHSCORES')[2]))
    end
  end
  if ready <= now and lines[i] ~= '' and process and due_before_us(lines[i]) >= free then ready = now + 0.001 end
  if ready > latest then latest, where, wait = ready, i, patience end
  live[i], grants[i] = back + out, tonumber(known[1] or '0')
  is_new[i] = out == 0
  is_stale[i] = not known[3] or math.abs(now - tonumber(known[3])) > 10000
end

local closed = {}
for g = 2, redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 and 3 or 0 do
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
  local refusal = tonumber(told[5]) > 0 and spent()
  if refusal then return table.concat(refusal, ' ') end
  if where then
    wait = wait or latest - now
    if where > 0 and process then
      local line, place = read_line(lines[where])
      table.insert(line, place + 1, {process, now + wait})
      redis.call('HSET', KEYS[3 * where + 4], 'line', written(line))
      if is_stale[where] then redis.call('PEXPIRE', KEYS[3 * where + 4], math.ceil(life) + 90000) end
      wait = wait + place * math.min(TURN, SPREAD / #line)
    end
    return table.concat({'no', now_text, text(wait), where}, ' ')
  end
end

local answer = {'ok', now_text, live[1] - grants[1]}
for i = 1, claims do
  local flights, meta, occupancy = KEYS[3 * i + 3], KEYS[3 * i + 4], tonumber(told[3 * i + 5])
  local one = is_again and 0 or 1
  redis.call('ZADD', flights, text(now + life + occupancy), permit)
  redis.call('HSET', meta, 'last', now_text, 'grants', grants[i] + one)
  if lines[i] ~= '' then redis.call('HSET', meta, 'line', written((read_line(lines[i])))) end
  local span = math.ceil(life + occupancy) + 60000
  if is_stale[i] then -- the spans are long enough not to be renewed at every call
    redis.call('HSET', meta, 'kept', now_text)
    redis.call('PEXPIRE', meta, span)
  end
  if is_stale[i] or is_new[i] then redis.call('PEXPIRE', flights, span) end
  table.insert(answer, live[i] + one)
end
for _, gate in ipairs(closed) do
  redis.call('HSET', gate, 'probe', permit, 'probe_at', now_text, 'probe_until', text(now + life))
end
return table.concat(answer, ' ')
