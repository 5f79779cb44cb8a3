-- How far the exchange's clock is ahead of this server's: write it, or read what somebody has found out.
--
-- KEYS  1 clock
-- ARGV  1 now or '', 2 offset (ms) or '' to read, 3 age of the finding (ms), 4 how old it may get (ms)
-- reply the words: now, then offset and age (ms) if they are known
local now = clock(ARGV[1])
if ARGV[2] ~= '' then
  local left = math.floor(tonumber(ARGV[4]) - tonumber(ARGV[3]))
  if left > 0 then
    redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. text(now - tonumber(ARGV[3])), 'PX', left)
  end
  return text(now)
end
local offset, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%S+)$')
return offset and text(now) .. ' ' .. offset .. ' ' .. text(now - tonumber(at)) or text(now)
