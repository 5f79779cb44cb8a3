-- History: the moment since which the server's memory of calls is complete.
--
-- A server that has just started, or has taken over from another, may have forgotten the latest calls: its history
-- begins now. invalidate_history.lua makes it begin later. KEYS[1] holds the words: run id of the server, the moment,
-- when they were last checked. No server restarts within a tenth of a second, so most calls need not check them.
local WEEK, CHECK_EVERY = 604800000, 100 -- ms

local run, history, checked_at = string.match(redis.call('GET', KEYS[1]) or '', '^(%S*) (%S+) (%S+)$')
history = tonumber(history)

local function write_history(since)
  local info = redis.pcall('INFO', 'server') -- may not be allowed: then all runs of the server look the same
  local current = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
  history = since or run == current and history or now
  redis.call('SET', KEYS[1], current .. ' ' .. text(history) .. ' ' .. now_text, 'PX', WEEK)
end
