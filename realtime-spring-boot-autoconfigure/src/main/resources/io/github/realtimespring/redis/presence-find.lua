-- Behind presence.lua: on which nodes a user is connected.
--
-- KEYS[1]  base
-- ARGV     key of the user, name
--
-- Answers the origin of each node whose lease is in force, with what it says.

local now = clock()
local entry = load(KEYS[1] .. 'room:' .. ARGV[1], ARGV[2])
local answer = {}
for origin, said in pairs(entry and entry.o or {}) do
  if tonumber(redis.call('ZSCORE', KEYS[1] .. 'nodes', origin) or '0') > now then
    answer[#answer + 1] = origin
    answer[#answer + 1] = said.s
  end
end
return answer
