-- Where the stream of a key is, and what it has behind a position.
--
-- ARGV[7]  epoch of the position, or empty
-- ARGV[8]  its offset
-- ARGV[9]  how many entries to read; 0 only asks whether they are there
--
-- Answers epoch, offset, whether the stream has every entry behind the position, and the envelopes of the next ones.

local epoch, offset = position()
local after, limit = tonumber(ARGV[8]), tonumber(ARGV[9])
if ARGV[7] ~= epoch or after > offset then
  return {epoch, offset, 0}
end
local answer = {epoch, offset, 1}
if after == offset then
  return answer
end
local entries = redis.call('XRANGE', KEYS[2], text(after + 1), '+', 'COUNT', math.max(1, limit))
local first = entries[1]
-- Entries are in the order of their times, so one that is there and not too old says so of all behind it.
if not first or first[1] ~= text(after + 1) .. '-0' or tonumber(first[2][2]) < now() - ARGV[2] then
  return {epoch, offset, 0}
end
for i = 1, math.min(limit, #entries) do
  answer[3 + i] = entries[i][2][6]
end
return answer
