-- In front of scripts that write data of a bucket on behalf of its owner. Their first key is the bucket's owner:
--
-- KEYS[1]  hash: owner, the origin of the node; token, the highest that was seen

-- Whether the caller may write: nobody with a higher token has. A higher one than is known is remembered, since this
-- server may have lost what it knew.
local function fenced(token)
  local highest = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
  if tonumber(token) < highest then
    return false
  end
  if tonumber(token) > highest then
    redis.call('HSET', KEYS[1], 'token', token)
  end
  return true
end
