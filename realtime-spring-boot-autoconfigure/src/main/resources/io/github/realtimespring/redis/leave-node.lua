-- Ends the lease of a node.
--
-- KEYS, ARGV[1]  as for renew-node.lua

if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  redis.call('INCR', KEYS[2])
end
return redis.status_reply('OK')
