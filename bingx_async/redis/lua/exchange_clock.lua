-- How far the exchange's clock is ahead of this server's: write it, or read what another process has measured.
--
-- KEYS  1 clock
-- ARGV  1 now or '', 2 offset (ms) or '' to read, 3 age of the measurement (ms), 4 greatest age (ms)
-- reply the words: now, then offset and age (ms) if they are known
if ARGV[2] ~= '' then
  local left = math.floor(tonumber(ARGV[4]) - tonumber(ARGV[3]))
  if left > 0 then redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. text(now - tonumber(ARGV[3])), 'PX', left) end
  return now_text
end
local offset, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%S+)$')
return offset and now_text .. ' ' .. offset .. ' ' .. text(now - tonumber(at)) or now_text
