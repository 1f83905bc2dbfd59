-- In front of append.lua and look.lua: where the stream of a key is.
--
-- KEYS[1]  hash: epoch, offset of the last event, generation of the server that gave it; bytes, what the events take
-- KEYS[2]  stream: the last events; the id of an entry is its offset, as in 17-0
-- KEYS[3]  hash: event id to offset, for the entries of the stream
-- ARGV[1]  an epoch that nobody has, in case that one is needed
-- ARGV[2]  how long an event can be read, in milliseconds
-- ARGV[3]  how long the position is remembered
-- ARGV[4]  generation of this server; empty if it was never promoted
-- ARGV[5]  epoch that the caller has seen, or empty
-- ARGV[6]  offset that the caller has seen in it

-- The epoch and the offset. A stream begins anew, under another epoch, if nothing is remembered of it. It goes on under
-- another epoch if offsets could be given twice: this server took over from one that may have known more, or the caller
-- has seen more than there is.
local function position()
  local at = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'generation')
  local epoch, offset = at[1], tonumber(at[2])
  if not epoch or not offset then
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'offset', 0, 'generation', ARGV[4])
    epoch, offset = ARGV[1], 0
  elseif (ARGV[4] ~= '' and at[3] ~= ARGV[4]) or (ARGV[5] == epoch and offset < tonumber(ARGV[6])) then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'generation', ARGV[4])
    epoch = ARGV[1]
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return epoch, offset
end

-- A number as Redis writes it, however large.
local function text(number)
  return string.format('%.0f', number)
end

-- Milliseconds on the clock of the store: the only one that all nodes share.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
