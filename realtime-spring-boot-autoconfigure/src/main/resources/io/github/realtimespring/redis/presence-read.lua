-- Behind presence.lua: who is in a room, as it was derived last.
--
-- KEYS[1]  base
-- ARGV     room
--
-- Answers version, count, listed, and name, state and data of each.

local room = KEYS[1] .. 'room:' .. ARGV[1]
local known = redis.call('HMGET', room, 'v', 'n', 'l')
if not known[1] then
  return { '0', 0, 1 }
end
local answer = { known[1], tonumber(known[2]), known[3] == '0' and 0 or 1 }
if answer[3] == 1 then
  local fields = redis.call('HGETALL', room)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'u:' then
      local derived = cjson.decode(fields[i + 1]).p
      if derived then
        answer[#answer + 1] = string.sub(fields[i], 3)
        answer[#answer + 1] = derived.s
        answer[#answer + 1] = derived.d or ''
      end
    end
  end
end
return answer
