"""Every step of lock-out and rates in Redis: Lua, run as one atomic step each.

Keys, each below the namespace:

| key | type | holds |
| --- | --- | --- |
| pair:NETWORK:ID, network:NETWORK | hash | `failures`, `locks`, `until`, `last`, `good` |
| rate, rate:TENANT | string | theoretical arrival time of GCRA, in microseconds |
| gateways | sorted set | gateway -> when it last asked, in microseconds |

The fields of the hashes are those of `lockout_policy.Record`. All times are by the clock of Redis,
so that gateways need not agree on theirs. Runs on Redis 6.2.
"""

from typing import Final

_RECORD: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function field(key, name) return tonumber(redis.call('HGET', key, name) or 0) end
"""
"""Start of each script of the lock-out; times are milliseconds."""

CHECK: Final = f"""{_RECORD}
local left = field(KEYS[1], 'until') - now
if left > 0 then return left end
if field(KEYS[1], 'good') > now then return 0 end
return math.max(field(KEYS[2], 'until') - now, 0)
"""
"""Tell for how many milliseconds a pair is refused still; 0: it may try.

KEYS: pair, network."""

FAILED: Final = f"""{_RECORD}
local lock, longest, kept = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for at = 1, 2 do
  local key, limit = KEYS[at], tonumber(ARGV[at])
  local since = now - field(key, 'last')
  local failures, locks = field(key, 'failures') + 1, field(key, 'locks')
  if since > lock then failures = 1 end
  if since > kept then locks = 0 end
  if failures >= limit then
    local lasts = math.min(lock * 2 ^ locks, longest)
    redis.call('HSET', key, 'until', string.format('%.0f', now + lasts))
    failures, locks = 0, math.min(locks + 1, 32)
  end
  redis.call('HSET', key, 'failures', failures, 'locks', locks, 'last', now)
  redis.call('PEXPIRE', key, math.max(kept, field(key, 'good') - now))
end
return 0
"""
"""Count a wrong credential of a pair, and of its network: see `after_failure`.

KEYS: pair, network. ARGV: failures of the pair, and of the network, until a lock; milliseconds of
the first lock, of the longest, and that a record is kept."""

SUCCEEDED: Final = f"""{_RECORD}
redis.call('HSET', KEYS[1], 'failures', 0, 'good', string.format('%.0f', now + ARGV[1]))
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[1]), tonumber(ARGV[2])))
return 0
"""
"""Count a right credential of a pair. KEYS: pair. ARGV: milliseconds it counts as good, and that a
record is kept."""

LEASE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local asked = tonumber(ARGV[1])
local granted, wait, narrow = asked, 0, 0
local times = {}
for at = 1, 2 do
  local interval, burst = tonumber(ARGV[2 * at]), tonumber(ARGV[2 * at + 1])
  local time = math.max(tonumber(redis.call('GET', KEYS[at]) or 0), now)
  time = math.min(time, now + burst * interval)
  times[at] = time
  local free = math.floor((burst * interval - (time - now)) / interval)
  if free < granted then granted, narrow = math.max(free, 0), at end
  if free < 1 then
    local until_one = time - now - (burst - 1) * interval
    if until_one > wait then wait, narrow = until_one, at end
  end
end
if granted > 0 then
  for at = 1, 2 do
    local interval = tonumber(ARGV[2 * at])
    local time = times[at] + granted * interval
    redis.call('SET', KEYS[at], string.format('%.0f', time),
      'PX', math.max(math.ceil((time - now) / 1000), 1))
  end
end
redis.call('ZADD', KEYS[3], string.format('%.0f', now), ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%.0f', now - ARGV[7]))
return {granted, math.ceil(wait), narrow, redis.call('ZCARD', KEYS[3])}
"""
"""Take up to so many tokens from the bucket of all and from a tenant's, as many from each: GCRA
(ITU-T I.371), in which a bucket is one number, the time at which it will be full again. A clock
that was set back leaves a bucket empty at worst.

KEYS: bucket of all, bucket of the tenant, gateways. ARGV: tokens; of the bucket of all the
microseconds until a token comes back and how many it holds; the same of the tenant's; the gateway;
after how many microseconds without a call a gateway is not counted any more.
Returns the tokens granted, the microseconds until there is one if there is none, which bucket gave
less than was asked (1 of all, 2 the tenant's, 0 none), and how many gateways there are."""
