-- Error budget: with more than `limit` business errors of one code within `window` ms the exchange closes an endpoint.
--
-- So a call that creates is refused while only one error is left, or while the calls without a reply could use up what
-- is left. Errors are a sorted set of `code:permit` by the moment of the reply (settle.lua).

-- The code of which one more error must not come, its errors, and the wait until there is room; of several codes the
-- last to have room. Nil if there is room.
local function find_spent(errors, limit, window, in_flight)
  redis.call('ZREMRANGEBYSCORE', errors, '-inf', text(now - window))
  local seen = redis.call('ZRANGE', errors, 0, -1, 'WITHSCORES')
  local unanswered = redis.call('ZCOUNT', in_flight, '(' .. now_text, '+inf')
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
    elseif used + unanswered >= limit then
      wait = 0
    end
    if wait and (not found or wait > found.wait) then found = {code = code, used = used, wait = wait} end
  end
  return found
end
