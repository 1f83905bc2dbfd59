-- Gives the scope of an idempotency key back. The id of the event stays: what may have been published is not published
-- under another one.
--
-- KEYS[1]  hash, see idempotency-claim.lua
-- ARGV[1]  how long this is remembered, in milliseconds
-- ARGV[2]  id of the event
-- ARGV[3]  names the caller

local holder = redis.call('HGET', KEYS[1], 'holder')
if holder == ARGV[3] or redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'id', ARGV[2])
  redis.call('HDEL', KEYS[1], 'holder', 'until')
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return redis.status_reply('OK')
