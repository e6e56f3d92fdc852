"""Every step in Redis: Lua, run as one atomic step each.

For each endpoint there are two keys, and a third for checks, below `neurocortex:balancing`:

    health:NAME   a `Health` as JSON; it ends by itself when nothing has happened for an hour
    calls:NAME    sorted set of the calls in flight, by the millisecond in which their lease ends
    check:NAME    exists while somebody has checked that endpoint just now
"""

from typing import Final

_CLOCK: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
"""

LOOK: Final = f"""{_CLOCK}
local found = {{now}}
for i = 1, #KEYS, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], '-inf', now)
  found[#found + 1] = redis.call('GET', KEYS[i]) or ''
  found[#found + 1] = redis.call('ZCARD', KEYS[i + 1])
end
return found
"""
"""The time in ms, then each endpoint's health and its calls in flight.

KEYS: health and calls of each endpoint.
"""

BEGIN: Final = f"""{_CLOCK}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local most = tonumber(ARGV[2])
if most > 0 and redis.call('ZCARD', KEYS[1]) >= most then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Count a call in flight; 0 where the endpoint has no room.

KEYS: calls. ARGV: the call, how many there may be (0: any number), its lease in ms.
"""

CHANGE: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""Write a health, unless somebody else has written one since it was read: 0 then.

KEYS: health. ARGV: what was read, what is written, for how many ms it is kept.
"""
