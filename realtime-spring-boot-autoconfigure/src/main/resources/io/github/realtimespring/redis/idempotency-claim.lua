-- Whose the scope of an idempotency key is, and the caller's if it is nobody's.
--
-- KEYS[1]  hash: id, the event is published under it; holder, and until, the end of its lease; answer, once there is one
-- ARGV[1]  how long this is remembered, in milliseconds
-- ARGV[2]  how long a claim is good
-- ARGV[3]  names the caller
-- ARGV[4]  id for the event if it has none
--
-- Answers 0, mine; 1, taken; 2, answered: each with the id, and the last one with the answer.

local known = redis.call('HMGET', KEYS[1], 'id', 'holder', 'until', 'answer')
if known[4] then
  return {2, known[1], known[4]}
end
-- Milliseconds on the clock of the store: the only one that all nodes share.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if known[2] and known[2] ~= ARGV[3] and tonumber(known[3]) > now then
  return {1, known[1]}
end
local id = known[1] or ARGV[4]
redis.call('HSET', KEYS[1], 'id', id, 'holder', ARGV[3], 'until', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {0, id}
