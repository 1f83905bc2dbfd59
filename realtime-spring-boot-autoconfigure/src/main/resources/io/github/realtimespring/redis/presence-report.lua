-- Behind presence.lua: a node says what changed there, and renews its lease.
--
-- KEYS[1]  base
-- ARGV     origin, lease, changes that wait for a last one, number of the last report that was answered, 0 for none; and for
--          each user key, name, state ('' for gone), data ('' for none)
--
-- Answers the number of this report, negative if no earlier lease of the node was in force; 0 if the one that was answered
-- last is lost, and then this one changes nothing.

local base = KEYS[1]
local origin = ARGV[1]
local now = clock()
-- One that nothing is known of has nothing here, be it that its lease ended.
local number = numbered(redis.call('HGET', base .. 'said', origin) or ARGV[4], ARGV[4], now)
if not number then
  lost(base, now, tonumber(ARGV[2]))
  return 0
end
redis.call('HSET', base .. 'said', origin, text(number))
local ends = tonumber(redis.call('ZSCORE', base .. 'nodes', origin) or '0')
redis.call('HSETNX', base .. 'meta', 'born', text(now))
if tonumber(ARGV[2]) > tonumber(redis.call('HGET', base .. 'meta', 'lease') or '0') then
  redis.call('HSET', base .. 'meta', 'lease', ARGV[2])
end
redis.call('ZADD', base .. 'nodes', text(now + tonumber(ARGV[2])), origin)
for i = 5, #ARGV, 4 do
  local key, user, state, data = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local room = base .. 'room:' .. key
  local place = key .. '\n' .. user
  local entry = load(room, user) or { o = {} }
  local before = entry.o[origin]
  local changed
  if state == '' then
    changed = before ~= nil
    entry.o[origin] = nil
    if changed then
      redis.call('SREM', base .. 'of:' .. origin, place)
    end
  else
    changed = before == nil or before.s ~= state or (before.d or '') ~= data
    if changed then
      entry.o[origin] = { s = state, d = data ~= '' and data or nil, t = now }
      redis.call('SADD', base .. 'of:' .. origin, place)
    end
  end
  if changed and isRoom(key) then
    -- Once it has changed that often it waits no longer for the change that lasts.
    entry.c = (entry.c or 0) + 1
    local wait = entry.c > tonumber(ARGV[3]) and 'NX' or 'CH'
    -- Kept until it was looked at, whatever is in it.
    redis.call('HSET', room, 'u:' .. user, cjson.encode(entry))
    redis.call('PERSIST', room)
    redis.call('ZADD', base .. 'changed', wait, text(now), place)
  elseif changed then
    store(room, user, entry)
  end
end
return ends > now and number or -number
