-- Behind fence.lua and presence.lua: the owner of a bucket derives what changed in its rooms.
--
-- KEYS[1]  the bucket's owner
-- KEYS[2]  base
-- ARGV     token, debounce, '1' if leases may end, users looked at, users listed, how long the version of an empty room is
--          remembered, number of the last derivation that was answered, 0 for none; and room and version of each change that
--          is published
--
-- Answers 0 to an owner that is none any more; else 1, born, time, suppressed, next, idle, for each change room, version,
-- previous, count, listed, joined and changed (name, state, data of each), left; and the number of this derivation.

if not fenced(ARGV[1]) then
  return { 0 }
end
local base = KEYS[2]
local now = clock()
local due = now - tonumber(ARGV[2])
local limit = tonumber(ARGV[4])
local maxListed = tonumber(ARGV[5])

-- Versions that were given by a derivation that is lost are given once more unless the bucket is a new one from now on.
local meta = redis.call('HMGET', base .. 'meta', 'born', 'derived', 'lease')
local born = meta[1]
local number = 0
if born then
  number = numbered(meta[2] or '0', ARGV[7], now)
  if not number then
    lost(base, now, tonumber(meta[3] or '0'))
    born = redis.call('HGET', base .. 'meta', 'born')
    number = math.max(now, tonumber(ARGV[7]) + 1)
  end
  redis.call('HSET', base .. 'meta', 'derived', text(number))
end

for i = 8, #ARGV, 2 do
  if redis.call('HGET', base .. 'unpublished', ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', base .. 'unpublished', ARGV[i])
  end
end

-- A server that stood still finds this in front of the renewals that came meanwhile. Each lease has two thirds left when
-- it begins to; after as long without a derivation none ends.
local ends = ARGV[3] == '1'
    and (not meta[2] or not meta[3] or now - tonumber(meta[2]) < tonumber(meta[3]) * 2 / 3)

-- What nodes said that are no longer heard of counts no more, and at once: it has been waited for already.
if ends then
  local looks = limit
  for _, origin in ipairs(redis.call('ZRANGEBYSCORE', base .. 'nodes', '-inf', text(now), 'LIMIT', 0, limit)) do
    local of = base .. 'of:' .. origin
    if looks > 0 then
      for _, place in ipairs(redis.call('SPOP', of, looks)) do
        looks = looks - 1
        local key, user = split(place)
        local room = base .. 'room:' .. key
        local entry = load(room, user)
        if entry then
          entry.o[origin] = nil
          if isRoom(key) then
            redis.call('HSET', room, 'u:' .. user, cjson.encode(entry))
            redis.call('ZADD', base .. 'changed', text(due), place)
          else
            store(room, user, entry)
          end
        end
      end
    end
    if redis.call('SCARD', of) == 0 then
      redis.call('ZREM', base .. 'nodes', origin)
      redis.call('HDEL', base .. 'said', origin)
    end
  end
end

-- The user as the nodes say now; of two nodes the one that spoke last says what else there is to know.
local function derive(entry)
  local online, newest, by = false, nil, nil
  for origin, said in pairs(entry.o) do
    online = online or said.s == 'online'
    if not newest or said.t > newest.t or said.t == newest.t and origin > by then
      newest, by = said, origin
    end
  end
  return newest and { s = online and 'online' or 'idle', d = newest.d }
end

local function put(list, user, derived)
  list[#list + 1] = user
  list[#list + 1] = derived.s
  list[#list + 1] = derived.d or ''
end

local order, changes, looked, suppressed = {}, {}, {}, 0
for _, place in ipairs(redis.call('ZRANGEBYSCORE', base .. 'changed', '-inf', text(due), 'LIMIT', 0, limit)) do
  redis.call('ZREM', base .. 'changed', place)
  local key, user = split(place)
  local room = base .. 'room:' .. key
  looked[room] = true
  local entry = load(room, user)
  local before = entry and entry.p
  local after = entry and derive(entry)
  if entry and (before or after)
      and not (before and after and before.s == after.s and (before.d or '') == (after.d or '')) then
    local change = changes[key]
    if not change then
      change = { joined = {}, changed = {}, left = {}, more = 0 }
      changes[key] = change
      order[#order + 1] = key
    end
    if not before then
      put(change.joined, user, after)
      change.more = change.more + 1
    elseif not after then
      change.left[#change.left + 1] = user
      change.more = change.more - 1
    else
      put(change.changed, user, after)
    end
    entry.p = after
  else
    suppressed = suppressed + 1
  end
  if entry then
    entry.c = nil
    store(room, user, entry)
  end
end

local answer = {}
for _, key in ipairs(order) do
  local change = changes[key]
  local room = base .. 'room:' .. key
  local known = redis.call('HMGET', room, 'v', 'n', 'l')
  local count = tonumber(known[2] or '0') + change.more
  -- Begins at the time, so that a room that is forgotten goes on with a higher one.
  local version = known[1] and text(tonumber(known[1]) + 1) or text(now)
  local previous = known[1] or '0'
  if known[1] and tonumber(version) < tonumber(born or '0') then
    -- Higher versions than this one may be known; nothing follows them.
    version = text(now)
    previous = '-1'
  end
  local listed = count <= maxListed
  if known[3] == '0' then
    -- Well below the bound, so that it does not go back and forth; whoever watches has no list to change.
    listed = count <= maxListed - math.floor(maxListed / 10)
    if listed then
      previous = '-1'
    end
  end
  redis.call('HSET', room, 'v', version, 'n', text(count), 'l', listed and '1' or '0')
  redis.call('HSET', base .. 'unpublished', key, version)
  answer[#answer + 1] = {
    key, version, previous, count, listed and 1 or 0,
    listed and change.joined or {}, listed and change.changed or {}, listed and change.left or {}
  }
end

-- What has nothing but a version is forgotten after a while; who is in a room, or is about to be, keeps it.
for room in pairs(looked) do
  if redis.call('HLEN', room) == 3 and redis.call('HEXISTS', room, 'v') == 1 then
    redis.call('PEXPIRE', room, ARGV[6])
  else
    redis.call('PERSIST', room)
  end
end

local waiting = redis.call('HGETALL', base .. 'unpublished')
for i = 1, #waiting, 2 do
  local key = waiting[i]
  if not changes[key] and #answer < limit then
    local known = redis.call('HMGET', base .. 'room:' .. key, 'v', 'n', 'l')
    if known[1] then
      answer[#answer + 1] = { key, known[1], '-1', tonumber(known[2]), known[3] == '0' and 0 or 1, {}, {}, {} }
    else
      redis.call('HDEL', base .. 'unpublished', key)
    end
  end
end

local upcoming = -1
if ARGV[3] == '1' and redis.call('ZCOUNT', base .. 'nodes', '-inf', text(now)) > 0 then
  upcoming = 0
else
  local first = redis.call('ZRANGE', base .. 'changed', 0, 0, 'WITHSCORES')
  if first[2] then
    upcoming = math.max(0, tonumber(first[2]) - due)
  end
end
local idle = upcoming == -1 and #waiting == 0 and redis.call('ZCARD', base .. 'nodes') == 0
return {
  1, born or '0', text(now), suppressed, upcoming, idle and 1 or 0, answer, text(number)
}
