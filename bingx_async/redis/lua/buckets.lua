-- Buckets: each allows `limit` live calls. A call is live from its grant until one occupancy after its reply. `kept`
-- tokens are for urgent calls, which are not paced either.
--
-- A bucket has four keys. expiries: a sorted set of answered calls by the moment at which their token returns.
-- in_flight: the same of calls without a reply, by the moment at which it returns if their process has died. state: a
-- hash of grants, last_grant and renewed_at (when the keys' own lifetimes were last renewed). line: see turns.lua.
local NEVER = math.huge
local PATIENT = 1.05 -- a request comes a little late, and the spacing begins anew then
local CATCH_UP = 40 -- ms by which a late grant is made up for
local RENEW_EVERY = 10000 -- ms; lifetimes are long enough not to be renewed by every call

local function read_bucket(expiries, in_flight, state, line, limit, kept, occupancy, spacing)
  local known = redis.call('HMGET', state, 'grants', 'last_grant', 'renewed_at')
  redis.call('ZREMRANGEBYSCORE', expiries, '-inf', now_text)
  local answered = redis.call('ZCARD', expiries)
  local live = answered + redis.call('ZCARD', in_flight)
  if 2 * (limit - kept - live) < limit then -- only then tokens of dead processes are missed
    live = live - redis.call('ZREMRANGEBYSCORE', in_flight, '-inf', now_text)
  end
  return {
    expiries = expiries, in_flight = in_flight, state = state, line = line,
    limit = limit, kept = kept, occupancy = occupancy, spacing = spacing,
    answered = answered, live = live, grants = tonumber(known[1] or '0'), last_grant = tonumber(known[2] or '-inf'),
    needs_renewal = not known[3] or math.abs(now - tonumber(known[3])) > RENEW_EVERY,
  }
end

-- The score of the member at `index`, counted from 0.
local function score_at(set, index)
  return tonumber(redis.call('ZRANGE', set, index, index, 'WITHSCORES')[2])
end

-- When a token is free: now, later, or NEVER where only a reply can tell, then with the time to wait before asking
-- again; and how many may be taken now. Before `warm_at` the history is too short: a paced bucket then has half of its
-- limit, any other none.
local function ready_at(bucket, warm_at, is_urgent)
  local limit, answered, spacing, ready, patience = bucket.limit, bucket.answered, bucket.spacing, now, nil
  if now < warm_at then
    if spacing > 0 then limit = math.max(1, math.floor(limit / 2)) else ready = warm_at end
  end
  local free = limit - bucket.live - (is_urgent and 0 or bucket.kept)
  if free <= 0 then
    local missing = math.abs(free) -- not -free: minus zero is no index
    if answered > missing then
      ready = math.max(ready, score_at(bucket.expiries, missing))
    else -- a reply must come first, then one occupancy passes, unless the process has died
      ready, patience = NEVER, math.min(bucket.occupancy, score_at(bucket.in_flight, missing - answered) - now)
    end
  end
  bucket.is_spaced = spacing > 0 and not is_urgent and 2 * free < limit -- less than half is free: one grant, then the next
  if bucket.is_spaced and ready < NEVER then
    local missing = math.floor((limit + 1) / 2) - free
    ready = math.max(ready, bucket.last_grant + spacing)
    if missing <= answered then ready = math.min(ready, score_at(bucket.expiries, missing - 1)) end
    return ready, patience, math.min(free, 1)
  end
  return ready, patience, free
end

-- How long the process behind `rank` others waits for a token of its own, if the first waits for `wait`.
local function nth_wait(bucket, rank, wait)
  if rank == 0 then return wait end
  local limit = bucket.limit - bucket.kept
  local place = rank % limit + bucket.live - limit -- of its token among the expiries
  local later = wait + (bucket.is_spaced and rank * bucket.spacing * PATIENT or math.min(rank * TURN, SPREAD))
  if place >= bucket.answered then
    later = math.max(later, bucket.occupancy)
  elseif place >= 0 then
    later = math.max(later, score_at(bucket.expiries, place) - now)
  end
  later = later + math.floor(rank / limit) * bucket.occupancy
  return math.min(later, wait + AHEAD * (1 + 2 * rank / redis.call('ZCARD', bucket.line)))
end

-- `taken` is 1, or 0 for a permit that has its token already.
local function take(bucket, permit, lifetime, taken)
  redis.call('ZADD', bucket.in_flight, text(now + lifetime + bucket.occupancy), permit)
  bucket.last_grant = math.max(math.min(bucket.last_grant + bucket.spacing, now), now - CATCH_UP)
  redis.call('HSET', bucket.state, 'last_grant', text(bucket.last_grant), 'grants', bucket.grants + taken)
  local span = math.ceil(lifetime + bucket.occupancy) + 60000
  if bucket.needs_renewal then
    redis.call('HSET', bucket.state, 'renewed_at', now_text)
    redis.call('PEXPIRE', bucket.state, span)
  end
  if bucket.needs_renewal or bucket.live == bucket.answered then redis.call('PEXPIRE', bucket.in_flight, span) end
  bucket.live = bucket.live + taken
end
