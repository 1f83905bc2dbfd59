-- A node is no longer the owner of a bucket. Its token stays, so that nobody can write with it any more once there is
-- another.
--
-- KEYS[1]  as for claim-bucket.lua
-- ARGV[1]  origin

if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'owner', '')
end
return redis.status_reply('OK')
