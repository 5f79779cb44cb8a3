-- Turns: processes that wait for the same bucket are sent there one after the other, each for a token of its own.
--
-- A bucket's line is a sorted set with two members for each waiting process: `#process` by its place (1, 2, ...) and
-- `process` by the moment it was sent to. The first is sent to the first token, the second to the second, at least TURN
-- ms later (SPREAD ms for all at most), and those that would have to wait for long are sent away for AHEAD to 2 * AHEAD
-- ms, the first of them to come first: their tokens are not known yet, and those before may have died. From SPREAD
-- ms before its moment until KEPT ms after it a token is kept for a process; GONE ms after it the process loses its
-- place. Every step costs O(log n) for n processes.
local TURN, SPREAD, AHEAD, KEPT, GONE = 5, 25, 2500, 30, 100 -- ms
local PLACES = 1e9 -- places are below, moments above

local function forget_gone(line)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', line, PLACES, text(now - GONE))) do
    redis.call('ZREM', line, name, '#' .. name)
  end
end

-- How many processes are in line before `process`.
local function find_rank(line, process)
  forget_gone(line)
  return redis.call('ZRANK', line, '#' .. process) or redis.call('ZCARD', line) / 2
end

-- Whether all of `free` tokens are kept for the first in line: their moments are near.
local function are_kept(line, free)
  for _, name in ipairs(redis.call('ZRANGE', line, 0, free - 1)) do
    local moment = tonumber(redis.call('ZSCORE', line, string.sub(name, 2)))
    if moment < now - KEPT or moment > now + SPREAD then return false end
  end
  return true
end

-- Take a place at the end, or keep it, until `moment`.
local function wait_in_line(line, process, moment, lifetime)
  if not redis.call('ZSCORE', line, '#' .. process) then
    local last = redis.call('ZREVRANGEBYSCORE', line, '(' .. PLACES, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    redis.call('ZADD', line, tonumber(last[2] or '0') + 1, '#' .. process)
  end
  redis.call('ZADD', line, text(moment), process)
  redis.call('PEXPIRE', line, math.ceil(moment - now + lifetime) + 90000)
end

local function leave_line(line, process) redis.call('ZREM', line, process, '#' .. process) end

-- A token has come free: whose turn it is, or '' if no process is in line. The token is kept for it from now on.
local function next_in_line(line)
  forget_gone(line)
  local first = redis.call('ZRANGEBYSCORE', line, '-inf', '(' .. PLACES, 'LIMIT', 0, 1)[1]
  local process = first and string.sub(first, 2) or ''
  if first then redis.call('ZADD', line, now_text, process) end
  return process
end
