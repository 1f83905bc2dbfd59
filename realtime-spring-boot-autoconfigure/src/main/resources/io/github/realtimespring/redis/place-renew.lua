-- Renews the leases of places.
--
-- KEYS      the hashes of place-claim.lua, all of one bucket
-- ARGV[1]   lease in milliseconds
-- ARGV[n+1] the connection whose place is in the hash KEYS[n]
--
-- Answers the numbers of those whose place is not there any more.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lost = {}
for i, key in ipairs(KEYS) do
  local place = redis.call('HGET', key, ARGV[i + 1])
  local sequence, ends, rest = string.match(place or '', '^(%d+) (%d+) (.*)$')
  if ends and tonumber(ends) > now then
    redis.call('HSET', key, ARGV[i + 1], sequence .. string.format(' %.0f ', now + ARGV[1]) .. rest)
    redis.call('PEXPIRE', key, math.max(tonumber(ARGV[1]), redis.call('PTTL', key)))
  else
    lost[#lost + 1] = i
  end
end
return lost
