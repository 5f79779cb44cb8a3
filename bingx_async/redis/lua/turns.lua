-- Turns: processes that wait for the same bucket are sent there one after the other.
--
-- A bucket's line names the waiting processes in the order in which they began to wait, each with the moment of the
-- token it waits for. The first is sent to that moment, each other one TURN ms after the one before, but all within
-- SPREAD ms. From the moment on a token is kept for the process for KEPT ms; GONE ms after it the process loses its
-- place. The line is stored as the words: process, moment, process, moment, ...
local TURN, SPREAD, KEPT, GONE = 5, 25, 30, 100 -- ms

-- The other processes in line, and how many of them are before `process`.
local function read_line(line, process)
  local others, before = {}, nil
  for name, moment in string.gmatch(line, '(%S+) (%S+)') do
    moment = tonumber(moment)
    if name == process then
      before = #others
    elseif moment + GONE > now then
      table.insert(others, {name, moment})
    end
  end
  return others, before or #others
end

-- How many tokens are kept for processes before this one.
local function count_kept(line, process)
  local others, before = read_line(line, process)
  local kept = 0
  for n = 1, before do
    local moment = others[n][2]
    if moment <= now and moment + KEPT > now then kept = kept + 1 end
  end
  return kept
end

-- Leave the line, or with a `moment` keep or take a place in it; returns how long after the moment the turn comes.
local function update_line(bucket, process, moment)
  local line, before = read_line(bucket.line, process)
  if moment then table.insert(line, before + 1, {process, moment}) end
  local parts = {}
  for n = 1, #line do parts[n] = line[n][1] .. ' ' .. text(line[n][2]) end
  redis.call('HSET', bucket.state, 'line', table.concat(parts, ' '))
  return before * math.min(TURN, SPREAD / #line)
end
