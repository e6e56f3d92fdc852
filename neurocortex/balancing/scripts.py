"""Every step in Redis: Lua, run as one atomic step each.

For each endpoint there are these keys below `neurocortex:balancing`; the first ends by itself when
nothing has happened for an hour, the counts when nothing has for a week:

    health:NAME   a `Health` as JSON
    calls:NAME    sorted set of the calls in flight, by the millisecond in which their lease ends
    check:NAME    exists while somebody has checked that endpoint just now
    counts:NAME   hash of what its calls came to, see `counting`

For each model, whose name its endpoints make up, and once:

    calls:waiting-MODEL   sorted set of the calls that wait for an endpoint, as those in flight
    retries:MODEL         hash `tokens`, `at`: what is left of the budget of retries, and since when
    endpoints             what each endpoint's name stands for, as JSON
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

END: Final = """
redis.call('ZREM', KEYS[1], ARGV[1])
for at = 4, #ARGV do redis.call('HINCRBY', KEYS[2], ARGV[at], 1) end
if ARGV[3] ~= '' then redis.call('HINCRBYFLOAT', KEYS[2], 'seconds', ARGV[3]) end
if #ARGV > 3 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return 1
"""
"""Count a call in flight no more, and what it came to.

KEYS: calls, counts. ARGV: the call, for how many ms counts are kept, seconds until it began (empty:
it did not), then the names of what is counted.
"""

CHANGE: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[5] ~= '' then
  redis.call('HINCRBY', KEYS[2], ARGV[5], 1)
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return 1
"""
"""Write a health, unless somebody else has written one since it was read: 0 then.

KEYS: health, counts. ARGV: what was read, what is written, for how many ms it and the counts are
kept, the name of what is counted (empty: nothing).
"""

RETRY: Final = f"""{_CLOCK}
local reserve, per_s, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(found[1] or reserve)
local grown = math.min(reserve, tokens + per_s * math.max(0, now - (found[2] or now)) / 1000)
tokens = math.max(tokens, grown)
tokens = math.max(tokens, math.min(most, tokens + tonumber(ARGV[1])))
local is_left = tokens >= ARGV[6] + ARGV[7]
if is_left then tokens = tokens - ARGV[6] end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return is_left and 1 or 0
"""
"""Take a further attempt out of a model's budget; 0: it has none left. See `retry_budget`.

KEYS: retries. ARGV: tokens that calls added since this process asked last, the reserve, tokens a
second up to it, the most that are kept, for how many ms, how many are taken and must be left then.
"""
