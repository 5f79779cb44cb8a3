-- A process made calls while it could not reach the store: what the store remembers is incomplete.
--
-- KEYS  1 history
-- ARGV  1 now or '', 2 how long other processes may take to notice that the store is back (ms)
-- reply 1, or 0 if another process that was away at the same time has said so
if history and history >= now then return 0 end
write_history(now + tonumber(ARGV[2]))
return 1
