-- What the scripts of presence have in common. `base` is in front of every name, all of one slot:
--
-- base nodes          sorted set: origin of a node, end of its lease
-- base meta           hash: born, when the bucket was first heard of, or lost its last writes; derived, number of the last
--                     derivation; lease, the longest that was asked for; lost, when it was found that writes are lost
-- base said           hash: origin of a node, number of its last report
-- base changed        sorted set: place, when it changed last
-- base unpublished    hash: room, version that is not known to be with the nodes
-- base of:ORIGIN      set: places of a node
-- base room:KEY       hash: v, version; n, number of users; l, '0' if they are not listed; u:USER, entry
--
-- A place is a key, a line feed and the name of a user. An entry has in `o` what each node says, by origin: state `s`,
-- data `d` and time `t`; in `p` what was derived, if the user was there; and in `c` how often it changed since.

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end

-- Who calls names the last number that it was answered. If that of here is lower, what was written since is lost.
local function numbered(last, answered, now)
  if tonumber(last) < tonumber(answered) then
    return nil
  end
  return math.max(now, last + 1)
end

-- Whoever finds out first says so to the owner, whichever that is by now; the others find out within a lease.
local function lost(base, now, lease)
  if now - tonumber(redis.call('HGET', base .. 'meta', 'lost') or '0') >= lease then
    redis.call('HSET', base .. 'meta', 'born', text(now), 'lost', text(now))
  end
end

local function load(room, user)
  local entry = redis.call('HGET', room, 'u:' .. user)
  return entry and cjson.decode(entry)
end

local function store(room, user, entry)
  if next(entry.o) == nil and not entry.p then
    redis.call('HDEL', room, 'u:' .. user)
  else
    redis.call('HSET', room, 'u:' .. user, cjson.encode(entry))
  end
end

-- Others hear of rooms only.
local function isRoom(key)
  return string.find(key, '^room:') or string.find(key, '^[^/:]+/room:')
end

local function split(place)
  local feed = string.find(place, '\n', 1, true)
  return string.sub(place, 1, feed - 1), string.sub(place, feed + 1)
end
