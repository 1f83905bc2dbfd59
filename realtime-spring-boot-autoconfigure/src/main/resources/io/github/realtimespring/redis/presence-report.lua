-- Behind presence.lua: a node says what changed there, and renews its lease.
--
-- KEYS[1]  base
-- ARGV     origin, lease, changes that wait for a last one; and for each user key, name, state ('' for gone), data ('' for none)
--
-- Answers 1 if an earlier lease of the node was in force.

local base = KEYS[1]
local origin = ARGV[1]
local now = clock()
local ends = tonumber(redis.call('ZSCORE', base .. 'nodes', origin) or '0')
redis.call('HSETNX', base .. 'meta', 'born', text(now))
redis.call('ZADD', base .. 'nodes', text(now + tonumber(ARGV[2])), origin)
for i = 4, #ARGV, 4 do
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
return ends > now and 1 or 0
