"""Every transition of the queues: Lua, run by Redis as one atomic step each.

Keys and units: `layout.py`; the same rules in Python: `rules.py`.
"""

from typing import Final

from neurocortex.admission.rules import NEWEST_WEIGHT, WINDOW_S

COMMON: Final = f"""
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local SECOND = 1000000
local WINDOW = {WINDOW_S}

local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end

local function places(first, last)
  local count = 0
  for i = first, last do count = count + redis.call('ZCARD', KEYS[i]) end
  return count
end

local function expire(first, last)
  for i = first, last do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', whole(now)) end
end

local function rate_of(drain, wait, first_rate)
  local known = redis.call('HMGET', drain, 'rate', 'count', 'start')
  local rate = tonumber(known[1]) or first_rate
  local elapsed = (now - (tonumber(known[3]) or now)) / SECOND
  if wait and elapsed > WINDOW then
    rate = math.min(rate, ((tonumber(known[2]) or 0) + 1) / elapsed)
  end
  return rate
end
"""
"""Start of each script: the time, and how places are counted and a drain is read."""

ADMIT: Final = f"""{COMMON}
local shed, tenant, drain, first = KEYS[1], KEYS[2], KEYS[3], 4
local id, tier, own, queues = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local bound, tenant_bound, servers = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local first_rate, estimate, left = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local place, shed_for = tonumber(ARGV[11]), tonumber(ARGV[12])
local low_at, medium_at, field = tonumber(ARGV[13]), tonumber(ARGV[14]), 15
local held, last = KEYS[first + own - 1], first + queues - 1

expire(first, last)
local total = places(first, last)
redis.call('ZREMRANGEBYSCORE', tenant, '-inf', whole(now))
local of_tenant = redis.call('ZCARD', tenant)
local rate = rate_of(drain, total > servers, first_rate)
local again = redis.call('ZSCORE', held, id)
local position = math.max(0, places(first, first + own - 1) + (again and 0 or 1) - servers)
local wait = position / rate * SECOND

local function answer(verdict, shed_left)
  return {{verdict, position, wait, shed_left or 0, rate * 1000}}
end

if again then return answer(0) end
local shed_left = tonumber(redis.call('HGET', shed, tier) or 0) - now
if shed_left > 0 and total > 0 then return answer(1, shed_left) end
if total >= bound then return answer(2) end
if of_tenant >= tenant_bound then return answer(3) end
if left >= 0 and wait + estimate > left then return answer(4) end

local until_when = whole(now + place)
redis.call('ZADD', held, until_when, id)
redis.call('ZADD', tenant, until_when, id)
redis.call('PEXPIREAT', tenant, whole((now + place) / 1000 + 1000))
total = total + 1
if total == servers + 1 then redis.call('HSET', drain, 'count', 0, 'start', whole(now)) end
if low_at > 0 and total >= low_at then redis.call('HSET', shed, 'low', whole(now + shed_for)) end
if medium_at > 0 and total >= medium_at then
  redis.call('HSET', shed, 'medium', whole(now + shed_for))
end
if KEYS[last + 1] then redis.call('XADD', KEYS[last + 1], '*', unpack(ARGV, field)) end
return answer(0)
"""
"""Let a request in, and append it to a stream, or refuse it. Asking again for the same request
changes nothing: a client repeats a command whose answer got lost.

A queue that is nearly full sheds lower tiers at that moment. KEYS: shed, tenant, drain, the queues
that share the bound, the stream if any. ARGV: request, tier, which of the queues is its own (from
1), how many they are, bound, bound of the tenant, places served at once, first rate, microseconds
of estimate, left until the deadline (-1: none), of a place, of shedding, places from which low and
medium are shed (0: never), then fields of the stream's entry.

Returns a `Verdict`, the position, the wait and the rest of the shedding in microseconds, and the
rate in thousandths."""

RELEASE: Final = f"""{COMMON}
local id, servers = ARGV[1], tonumber(ARGV[2])
expire(4, #KEYS)
local before = places(4, #KEYS)
if redis.call('ZREM', KEYS[1], id) == 0 then return 0 end
redis.call('ZREM', KEYS[2], id)
if before <= servers then return 1 end
local known = redis.call('HMGET', KEYS[3], 'rate', 'count', 'start')
local count, start = (tonumber(known[2]) or 0) + 1, tonumber(known[3]) or now
local elapsed = (now - start) / SECOND
if elapsed <= 0 or (elapsed < WINDOW and before - 1 > servers) then
  redis.call('HSET', KEYS[3], 'count', count, 'start', whole(start))
  return 1
end
local sample, rate = count / elapsed, tonumber(known[1])
if rate then sample = rate + {NEWEST_WEIGHT} * (sample - rate) end
redis.call('HSET', KEYS[3], 'rate', exact(sample), 'count', 0, 'start', whole(now))
return 1
"""
"""End a place; the drain learns from it. Doing it twice is doing it once. KEYS: the queue, tenant,
drain, the queues that share the bound. ARGV: request, places served at once."""

HOLD: Final = f"""{COMMON}
local until_when = now + tonumber(ARGV[1])
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], whole(until_when), ARGV[i])
  redis.call('ZADD', KEYS[2], whole(until_when), ARGV[i])
end
redis.call('PEXPIREAT', KEYS[2], whole(until_when / 1000 + 1000))
return 0
"""
"""Renew places, or enter them again after they were lost: even beyond a bound, as the requests
were accepted. KEYS: the queue, tenant. ARGV: microseconds, requests."""

SHED: Final = f"""{COMMON}
for i = 2, #ARGV do
  redis.call('HSET', KEYS[1], ARGV[i], whole(now + tonumber(ARGV[1])))
end
return 0
"""
"""Refuse tiers from now on. KEYS: shed. ARGV: microseconds, tiers."""

STANDING: Final = f"""{COMMON}
local shed, drain, servers, first_rate = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
expire(3, #KEYS)
local total = places(3, #KEYS)
local rate = rate_of(drain, total > servers, first_rate)
local measured = redis.call('HEXISTS', drain, 'rate')
local answer, ahead = {{measured, rate * 1000}}, 0
for i = 3, #KEYS do
  local held = places(i, i)
  ahead = ahead + held
  answer[#answer + 1] = held
  answer[#answer + 1] = math.max(0, ahead + 1 - servers) / rate * SECOND
  answer[#answer + 1] = math.max(0, tonumber(redis.call('HGET', shed, ARGV[i]) or 0) - now)
end
return answer
"""
"""Look at the queues that share a bound. KEYS: shed, drain, the queues. ARGV: places served at
once, first rate, the queues' tiers. Returns whether the rate was measured, the rate in thousandths,
then for each queue its places, and microseconds until one more would start and of shedding."""
