-- In front of every script: the moment of this run, in milliseconds by the server's own clock.
-- ARGV[1] is always that moment, given by a test, or '' for the server's clock.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end

local function text(moment) return string.format('%.3f', moment) end
local now_text = text(now)

-- The words of a line, '' for `-`: one long argument is cheaper to send than many short ones.
local function words(line)
  local found = {}
  for word in string.gmatch(line, '%S+') do found[#found + 1] = word ~= '-' and word or '' end
  return found
end
