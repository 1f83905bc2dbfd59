-- The stream goes on under another epoch, because offsets of the one that it has were given twice.
--
-- KEYS[1]  hash: epoch, offset
-- ARGV[1]  the new epoch
-- ARGV[2]  the epoch that is no good any more; nothing is done if the stream has another one already

if redis.call('HGET', KEYS[1], 'epoch') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
end
return redis.status_reply('OK')
