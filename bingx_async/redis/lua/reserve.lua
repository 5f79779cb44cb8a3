-- Take one token of every claim, or none and say when and where it will be possible.
--
-- KEYS  1 history, 2..3 gates (endpoint, egress), 4 errors, then per claim: expiries, in_flight, state, line
-- ARGV  1 now or '', 2 the words: 1 permit, 2 longest lifetime of the request (ms), 3 cold margin (ms),
--       4 moment after which the answer would come too late or -, 5 number of the account's claim or 0,
--       6 error limit (0: not checked), 7 error window (ms), 8 1 if it is urgent, then per claim: limit, kept tokens,
--       occupancy (ms), spacing (ms), 1 if more calls of the process wait for it
-- reply the words: ok, now, bound, live calls of each claim, wait until the next token of each claim (ms)
--       | no, now, wait (ms), `claim` or `gate`, its number | spent, now, code, used, wait (ms) | late, now
local asked = words(ARGV[2])
local permit, lifetime, account = asked[1], tonumber(asked[2]), tonumber(asked[5])
local is_urgent = asked[8] == '1' -- it waits behind no other process, so it has no place in a line
local process = string.match(permit, '^(.+):')
if asked[4] ~= '' and now > tonumber(asked[4]) then return 'late ' .. now_text end
if not history or math.abs(now - tonumber(checked_at)) > CHECK_EVERY then write_history() end

-- The latest moment named by a bucket or a gate decides.
local latest, patience, where, number = now, nil, nil, nil
local warm_at, buckets, closed = history + tonumber(asked[3]), {}, {}
for n = 1, (#KEYS - 4) / 4 do
  local key, word = 4 * n + 1, 5 * n + 4
  local limit, kept = tonumber(asked[word]), tonumber(asked[word + 1])
  local occupancy, spacing = tonumber(asked[word + 2]), tonumber(asked[word + 3])
  local bucket = read_bucket(KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], limit, kept, occupancy, spacing)
  local ready, time, free = ready_at(bucket, warm_at + occupancy, is_urgent)
  bucket.has_line = process and redis.call('EXISTS', bucket.line) == 1
  bucket.rank = bucket.has_line and find_rank(bucket.line, process) or 0
  if bucket.has_line and not is_urgent and ready <= now and bucket.rank >= free and are_kept(bucket.line, free) then
    ready, bucket.is_next = now + 0.001, bucket.rank == free -- if one before does not come, it is this process' turn
  end
  bucket.more = asked[word + 4] == '1'
  if ready > latest then latest, patience, where, number = ready, time, 'claim', n end
  buckets[n] = bucket
end
for n = 1, redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 and 2 or 0 do
  local ready, time = passable_at(KEYS[n + 1])
  if ready then table.insert(closed, KEYS[n + 1]) end
  if ready and ready > latest then latest, patience, where, number = ready, time, 'gate', n end
end

-- A client may have repeated the request by itself: what was granted stays granted.
local taken = redis.call('ZSCORE', buckets[1].in_flight, permit) and 0 or 1
if taken == 1 then
  local limit, window = tonumber(asked[6]), tonumber(asked[7])
  local spent = limit > 0 and find_spent(KEYS[4], limit, window, buckets[account].in_flight)
  if spent then return table.concat({'spent', now_text, spent.code, spent.used, text(spent.wait)}, ' ') end
  if where then
    local wait, bucket = patience or latest - now, where == 'claim' and buckets[number]
    if bucket and process and not is_urgent then
      wait = nth_wait(bucket, bucket.rank, wait)
      if bucket.is_next then wait = math.min(wait, KEPT) end
      wait_in_line(bucket.line, process, now + wait, lifetime)
    end
    return table.concat({'no', now_text, text(wait), where, number}, ' ')
  end
end

local bound = account > 0 and buckets[account].live - buckets[account].grants or 0
local reply, count = {'ok', now_text, bound}, #buckets
for n, bucket in ipairs(buckets) do
  take(bucket, permit, lifetime, taken)
  local ready, time = ready_at(bucket, warm_at + bucket.occupancy)
  local wait, rank = time or ready - now, 0
  if bucket.has_line then
    if not is_urgent then leave_line(bucket.line, process) end
    rank = is_urgent and bucket.rank or redis.call('ZCARD', bucket.line) / 2
    wait = nth_wait(bucket, rank, wait)
  end
  if bucket.more and wait > 0 and process then wait_in_line(bucket.line, process, now + wait, lifetime) end
  reply[n + 3], reply[n + count + 3] = bucket.live, text(wait)
end
for _, gate in ipairs(closed) do
  redis.call('HSET', gate, 'probe', permit, 'probe_at', now_text, 'probe_until', text(now + lifetime))
end
return table.concat(reply, ' ')
