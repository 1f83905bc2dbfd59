-- Remembers what a publish with an idempotency key was answered, unless something is remembered already.
--
-- KEYS[1]  hash, see idempotency-claim.lua
-- ARGV[1]  how long this is remembered, in milliseconds
-- ARGV[2]  id of the event
-- ARGV[3]  the answer

if redis.call('HEXISTS', KEYS[1], 'answer') == 0 then
  redis.call('HSET', KEYS[1], 'id', ARGV[2], 'answer', ARGV[3])
  redis.call('HDEL', KEYS[1], 'holder', 'until')
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return redis.status_reply('OK')
