-- Milliseconds by the server's own clock, so that every process is on one axis; a test may give the moment itself.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + t[2] / 1000
end
local function text(moment) return string.format('%.3f', moment) end
-- The words of a line, `-` for an empty one: one long argument is cheaper to send than many short ones.
local function words(line)
  local found = {}
  for word in string.gmatch(line, '%S+') do found[#found + 1] = word ~= '-' and word or '' end
  return found
end
-- Which run of which server this is; unknown where INFO is not allowed.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
end
