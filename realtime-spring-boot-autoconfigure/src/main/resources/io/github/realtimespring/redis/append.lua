-- Gives an event its place in the stream of its key, keeps it there and sends it, all at once.
--
-- ARGV[7]   id of the event
-- ARGV[8]   envelope
-- ARGV[9]   channel
-- ARGV[10]  how many events the stream keeps
-- ARGV[11]  PUBLISH, or SPUBLISH where channels have slots
-- ARGV[12]  what is sent in front of the place
-- ARGV[13]  how many bytes its events may take
--
-- Answers epoch, offset and 1. An id that the stream holds gets the place that it has and a 0, and nothing is sent.

-- What an entry takes, about: its envelope, its id twice, and 200 for what Redis has around them.
local function weight(id, envelope)
  return #envelope + 2 * #id + 200
end

local epoch, offset = position()
if redis.call('EXISTS', KEYS[2]) == 0 then
  -- The events are too old, or were evicted; so is what their ids were good for.
  redis.call('DEL', KEYS[3])
  redis.call('HDEL', KEYS[1], 'bytes')
end
local known = redis.call('HGET', KEYS[3], ARGV[7])
if known then
  return {epoch, tonumber(known), 0}
end

offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
local time = now()
redis.call('XADD', KEYS[2], text(offset) .. '-0', 't', text(time), 'i', ARGV[7], 'e', ARGV[8])
redis.call('HSET', KEYS[3], ARGV[7], text(offset))

-- What is too much or too old goes, the oldest first. Mostly that is one entry, and the second one stays. An event that is
-- larger than all may be is sent, and cannot be read afterwards.
local bytes = tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0) + weight(ARGV[7], ARGV[8])
local size, first = redis.call('XLEN', KEYS[2]), nil
repeat
  local entries = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 2)
  first = nil
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    if size > tonumber(ARGV[10]) or bytes > tonumber(ARGV[13]) or tonumber(fields[2]) < time - ARGV[2] then
      redis.call('XDEL', KEYS[2], entry[1])
      redis.call('HDEL', KEYS[3], fields[4])
      size = size - 1
      bytes = bytes - weight(fields[4], fields[6])
    else
      first = entry
      break
    end
  end
until first or size == 0
redis.call('HSET', KEYS[1], 'bytes', text(bytes))

redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
local cursor = epoch .. '.' .. text(offset)
redis.call(ARGV[11], ARGV[9], ARGV[12] .. 'R' .. string.char(#cursor) .. cursor .. ARGV[8])
return {epoch, offset, 1}
