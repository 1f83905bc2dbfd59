-- Decides whether there is a place for a connection among those of its user, and gives it one.
--
-- KEYS[1]   hash: connection to its place: sequence, end of the lease, node, device, session, name that the client was
--           known by before, whether younger ones take the place of older ones ('n'), and among which ('u' all of the
--           user, 'd' those of the device)
-- ARGV[1]   connection
-- ARGV[2]   node
-- ARGV[3]   device
-- ARGV[4]   session
-- ARGV[5]   name that the client was known by before, or '-'
-- ARGV[6]   rule: 'a' allow, 'n' newest wins, 'l' limit
-- ARGV[7]   how many places the limit allows
-- ARGV[8]   among which: 'u' or 'd'
-- ARGV[9]   lease in milliseconds
-- ARGV[10]  sequence of the place that the connection had, 0 if it had none
-- ARGV[11]  '1' for one that was let in before: it is not refused for want of room
-- ARGV[12]  how many microseconds ago the connection came: for one that was let in without a place
--
-- Answers 'granted', 'taken' or 'superseded', the sequence, and connection and node of each place that was taken away.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local had = tonumber(ARGV[10])

local own, others, over, last = nil, {}, {}, 0
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local words = {}
  for word in string.gmatch(fields[i + 1], '%S+') do
    words[#words + 1] = word
  end
  local place = {
    connection = fields[i], sequence = tonumber(words[1]), node = words[3], device = words[4],
    session = words[5], before = words[6], rule = words[7]
  }
  last = math.max(last, place.sequence)
  if tonumber(words[2]) <= now then
    over[#over + 1] = place.connection
  elseif place.connection == ARGV[1] then
    own = place
  elseif ARGV[8] == 'u' or place.device == ARGV[3] then
    others[#others + 1] = place
  end
end
if #over > 0 then
  redis.call('HDEL', KEYS[1], unpack(over))
end

-- By the clock, so that a sequence is never given again after everything was forgotten, and so that there is one for when
-- a connection came.
local sequence = math.max(last + 1, time[1] * 1000000 + time[2])
if had == 0 and ARGV[11] == '1' then
  had = math.max(1, sequence - ARGV[12])
end

local gone, staying = {}, 0
for _, other in ipairs(others) do
  if not own and had > 0 and other.sequence > had and other.rule == 'n' then
    return {'superseded', 0}
  end
  local older = not own and (had == 0 or other.sequence < had)
  local returned = ARGV[5] ~= '-' and (other.session == ARGV[5] or other.before == ARGV[5])
  if returned or (ARGV[6] == 'n' and older) then
    gone[#gone + 1] = other
  else
    staying = staying + 1
  end
end
if not own and ARGV[11] == '0' and ARGV[6] == 'l' and staying >= tonumber(ARGV[7]) then
  return {'taken', 0}
end

if own then
  sequence = own.sequence
elseif had > 0 then
  sequence = had
end
local answer = {'granted', sequence}
for _, other in ipairs(gone) do
  redis.call('HDEL', KEYS[1], other.connection)
  answer[#answer + 1] = other.connection
  answer[#answer + 1] = other.node
end
local before = ARGV[5]
if own and before == '-' then
  before = own.before
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f ', sequence, now + ARGV[9])
  .. ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. before .. ' ' .. ARGV[6] .. ' ' .. ARGV[8])
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[9]), redis.call('PTTL', KEYS[1])))
return answer
