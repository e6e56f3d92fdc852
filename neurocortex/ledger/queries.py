"""What the ledger is asked, and the allocator's board: Lua, beside the leases' in `scripts.py`."""

from typing import Final

from neurocortex.ledger.layout import COMMON

USAGE: Final = f"""{COMMON}
local total = 0
for _, name in ipairs(redis.call('ZRANGEBYSCORE', alive, '(' .. whole(now), '+inf')) do
  total = total + cjson.decode(redis.call('HGET', workers, name)).slots
end
local offer = ''
if tonumber(expiry(ARGV[1])) > now then offer = redis.call('HGET', workers, ARGV[1]) end
return {{total, offer, redis.call('HGETALL', used), redis.call('HGETALL', accounts)}}
"""
"""What is in use at this moment. ARGV: worker.
Returns slots of all living workers, this worker's offer or '', all counters, all accounts."""

LEASES: Final = f"""{COMMON}
local found = {{}}
for _, value in ipairs(redis.call('HVALS', leases)) do
  local token, granted, body = unpacked(value)
  found[#found + 1] = {{token, granted, expiry(cjson.decode(body).worker), body}}
end
return found
"""
"""Every lease in force: token, granted, expires, body."""

WORKERS: Final = f"""{COMMON}
local found = {{}}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', alive, '(' .. whole(now), '+inf')) do
  found[#found + 1] = redis.call('HGET', workers, name)
end
return found
"""
"""What each living worker offers."""

DRAIN: Final = """
local clock = redis.call('TIME')
local since = clock[1] * 1000000 + clock[2] - tonumber(ARGV[1])
local runs = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', since), '+inf')
local total = 0
for _, run in ipairs(runs) do total = total + tonumber(string.match(run, ' (%d+)$')) end
return {#runs, string.format('%.0f', total)}
"""
"""How fast runs of a tier ended. KEYS: its ended runs. ARGV: microseconds to look back.
Returns how many, and the microseconds that they held a slot, together."""

LEAD: Final = """
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""Become or stay the one that allocates. KEYS: leader. ARGV: worker, milliseconds. Returns 1 if
it is the worker now, else 0."""

ALLOCATE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local clock = redis.call('TIME')
local at = string.format('%.0f', clock[1] * 1000000 + clock[2])
redis.call('HSET', KEYS[2], 'writer', ARGV[1], 'at', at, 'body', ARGV[2])
return 1
"""
"""Write the tiers' limits, if the writer is the one that allocates. KEYS: leader, allocation.
ARGV: writer, body. Returns 1, or 0 when another leads."""
