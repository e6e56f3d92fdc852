"""Every change that the cache makes in Redis: Lua, run as one atomic step each.

Keys, each below the namespace:

| key | type | holds |
| --- | --- | --- |
| state | hash | `epoch`; last `version` of invalidations, `token` of locks; `bytes` of entries |
| marks | sorted set | `KIND:TENANT:NAME` -> version of its last invalidation |
| index | sorted set | key of an entry -> when it ends, in milliseconds |
| sizes | hash | key of an entry -> its bytes |
| entry:KEY | hash | `t`, its token; `m`, when it was computed, in milliseconds; `b`, it, sealed |
| lock:KEY | string | `OWNER TOKEN` |

Versions and tokens are microseconds by the clock of Redis, or the last one plus 1 where that is
more: they grow even after Redis has lost everything. The epoch is the version at which this Redis
began to remember: of invalidations before it nothing is known. Runs on Redis 6.2, one node (what
is evicted is not among a script's KEYS).
"""

from typing import Final

NAMES: Final = ("state", "marks", "index", "sizes")
"""KEYS 1 to 4 of every script."""

COMMON: Final = """
local state, marks, index, sizes = unpack(KEYS)
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function whole(number) return string.format('%.0f', number) end
local function last(name) return tonumber(redis.call('HGET', state, name) or 0) end
local function begin_epoch(above)
  local at = whole(math.max(now, last('version') + 1, above + 1))
  redis.call('HSET', state, 'epoch', at, 'version', at)
end
if last('epoch') == 0 then begin_epoch(0) end
local function unlisted(text)
  local size = redis.call('HGET', sizes, text)
  redis.call('ZREM', index, text)
  if not size then return 0 end
  redis.call('HDEL', sizes, text)
  redis.call('HINCRBY', state, 'bytes', -size)
  return tonumber(size)
end
local function where() return unpack(redis.call('HMGET', state, 'epoch', 'version')) end
"""
"""Start of each script."""

STORE: Final = f"""{COMMON}
local text, body, life, token = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local room, prefix, age = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local epoch, version = where()
if epoch ~= ARGV[5] or version ~= ARGV[6] then return {{'behind', 0}} end
if tonumber(redis.call('HGET', KEYS[5], 't') or 0) > token then return {{'older', 0}} end

local ended = redis.call('ZRANGEBYSCORE', index, '-inf', whole(now / 1000), 'LIMIT', 0, 100)
for _, each in ipairs(ended) do unlisted(each) end
unlisted(text)
redis.call('HSET', KEYS[5], 't', ARGV[4], 'm', whole(now / 1000 - age), 'b', body)
redis.call('PEXPIRE', KEYS[5], life)
redis.call('ZADD', index, whole(now / 1000 + life), text)
redis.call('HSET', sizes, text, #body)
redis.call('HINCRBY', state, 'bytes', #body)

local evicted = 0
while last('bytes') > room do
  local victim = redis.call('ZRANGE', index, 0, 0)[1]
  if victim == text then victim = redis.call('ZRANGE', index, 1, 1)[1] end
  if not victim then break end
  redis.call('UNLINK', prefix .. victim)
  evicted = evicted + unlisted(victim)
end
return {{'stored', evicted}}
"""
"""Store an entry, unless something was invalidated that its writer has not heard of (it then has
to look whether that ends the entry), or a later holder of its lock has stored another. Past the
bound, entries that would end soonest go first.

KEYS 5: entry. ARGV: key, sealed entry, milliseconds it lives, token, epoch and version as the
writer knows them, bytes all entries may take, what keys of entries start with, its age in
milliseconds.
Returns `stored`, `behind` or `older`, and the bytes evicted."""

DROP: Final = f"""{COMMON}
unlisted(ARGV[1])
return redis.call('UNLINK', KEYS[5])
"""
"""Forget an entry. KEYS 5: entry. ARGV: key."""

CLEAR: Final = f"""{COMMON}
local found = redis.call('ZSCAN', index, ARGV[2], 'COUNT', 500)
for at = 1, #found[2], 2 do
  local text = found[2][at]
  if string.sub(text, 1, #ARGV[1]) == ARGV[1] then
    unlisted(text)
    redis.call('UNLINK', ARGV[3] .. text)
  end
end
return found[1]
"""
"""Forget some of the entries whose keys start so. ARGV: that start, a cursor (`0` at first), what
keys of entries start with. Returns the next cursor; `0`: all were looked at."""

INVALIDATE: Final = f"""{COMMON}
local epoch, before = where()
local version = whole(math.max(now, before + 1))
redis.call('HSET', state, 'version', version)
redis.call('ZADD', marks, version, ARGV[1])
redis.call('ZREMRANGEBYSCORE', marks, '-inf', '(' .. whole(version - ARGV[3]))
redis.call('PUBLISH', ARGV[4], table.concat({{epoch, before, version, ARGV[2], ARGV[1]}}, ' '))
return {{epoch, before, version}}
"""
"""Mark a key, a tag or a pattern: what was computed before is not to be used. Tell everybody.

ARGV: mark, source, microseconds a mark is kept, channel. The message is `EPOCH BEFORE VERSION
SOURCE MARK`: who has not heard of version BEFORE has missed something.
Returns epoch, version before, version."""

MISSED: Final = f"""{COMMON}
if tonumber(ARGV[2]) > last('version') then begin_epoch(tonumber(ARGV[2])) end
local epoch, version = where()
local from = '-inf'
if epoch == ARGV[1] then from = '(' .. ARGV[2] end
return {{epoch, version, redis.call('ZRANGEBYSCORE', marks, from, '+inf', 'WITHSCORES')}}
"""
"""Tell an instance what it has not heard of. Does it know of a later invalidation than Redis,
then Redis was set back to an older copy and has forgotten some: a new epoch begins.

ARGV: epoch and version it knows. Returns epoch, version, and marks with their versions."""

LOCK: Final = f"""{COMMON}
local holder = redis.call('GET', KEYS[5])
if holder then return {{0, redis.call('PTTL', KEYS[5])}} end
local token = whole(math.max(now, last('token') + 1))
redis.call('HSET', state, 'token', token)
redis.call('SET', KEYS[5], ARGV[1] .. ' ' .. token, 'PX', ARGV[2])
return {{token, ARGV[2]}}
"""
"""Take the lock of a key. KEYS 5: lock. ARGV: owner, milliseconds it holds unless renewed.
Returns its token, or 0 if another holds it; and the milliseconds left."""

RENEW: Final = f"""{COMMON}
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[5], ARGV[2])
"""
"""Hold a lock longer. KEYS 5: lock. ARGV: `OWNER TOKEN`, milliseconds. Returns 0: it was lost."""

UNLOCK: Final = f"""{COMMON}
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[5])
"""
"""Give a lock back. KEYS 5: lock. ARGV: `OWNER TOKEN`. Returns 0: it was lost before."""
