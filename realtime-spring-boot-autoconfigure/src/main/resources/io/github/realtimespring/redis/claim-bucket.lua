-- Makes a node the owner of a bucket, if it may be.
--
-- KEYS[1]  hash: owner, the origin of the node; token, the highest that was seen
-- ARGV[1]  origin
-- ARGV[2]  sequence of the nodes that it goes by: the token, if it becomes the owner
-- ARGV[3]  owner that is not among these nodes, or empty
--
-- Answers 1 or 0, the owner and the highest token. Nobody becomes owner by a sequence that is not above the last owner's;
-- an owner that came back from a pause remains one only by a sequence of afterwards.

local at = redis.call('HMGET', KEYS[1], 'owner', 'token')
local owner, token, sequence = at[1] or '', tonumber(at[2] or '0'), tonumber(ARGV[2])
local granted
if owner == ARGV[1] then
  granted = sequence >= token
else
  granted = sequence > token and (owner == '' or owner == ARGV[3])
end
if not granted then
  return {0, owner, token}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', ARGV[2])
return {1, ARGV[1], sequence}
