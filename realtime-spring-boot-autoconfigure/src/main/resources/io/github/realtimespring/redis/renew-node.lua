-- Renews the lease of a node, or begins one, and ends those that are over.
--
-- KEYS[1]  sorted set: origins of nodes, by when their leases are over
-- KEYS[2]  the sequence: grows with every change of who lives
-- KEYS[3]  there while owners of before this server lost something may not know it
-- ARGV[1]  origin
-- ARGV[2]  lease in milliseconds
-- ARGV[3]  sequence of the nodes that the caller knows
-- ARGV[4]  highest sequence or token that it has seen
--
-- Answers the sequence, in how many milliseconds the first lease is over and the server is settled, and the origins, unless
-- the caller knows them.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local changed = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now)) > 0
changed = redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1]) == 1 or changed
local sequence, highest = tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[4])
if highest > sequence then
  -- This server lost how far it was.
  sequence, changed = highest, true
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
end
if changed then
  sequence = sequence + 1
  redis.call('SET', KEYS[2], string.format('%.0f', sequence))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local answer = {sequence, math.max(0, tonumber(first[2]) - now), math.max(0, redis.call('PTTL', KEYS[3]))}
if sequence ~= tonumber(ARGV[3]) then
  for _, origin in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    answer[#answer + 1] = origin
  end
end
return answer
