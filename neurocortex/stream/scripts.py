"""Every change of the Stream: Lua, run by Redis as one atomic step each.

Keys, in this order: `events` (the stream that handlers read), `aside` (a stream of what nobody
could handle), `events:seen:TENANT:SOURCE:ID` (one that was published
lately).
"""

from typing import Final

PUBLISH: Final = """
local events, seen = KEYS[1], KEYS[3]
local body, bound, remember = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call('EXISTS', seen) == 1 then return 'again' end
if redis.call('XLEN', events) >= bound then return 'full' end
redis.call('SET', seen, '1', 'EX', remember)
redis.call('XADD', events, '*', 'event', body)
return 'published'
"""
"""Append an event, unless it was published lately or too many wait.

ARGV: body, how many may wait, seconds an event is remembered.
Returns `published`, `again` or `full`."""

FINISH: Final = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
"""
"""An event was handled: forget it. ARGV: group, entry. Returns how many were there, 0 or 1."""

SET_ASIDE: Final = """
local events, aside = KEYS[1], KEYS[2]
local group, entry, why, reason, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local found = redis.call('XRANGE', events, entry, entry)
if #found == 0 then return 0 end
redis.call('XADD', aside, 'MAXLEN', '~', kept, '*',
  'event', found[1][2][2], 'why', why, 'reason', reason)
redis.call('XACK', events, group, entry)
return redis.call('XDEL', events, entry)
"""
"""An event cannot be handled: keep it beside the stream, with the reason.

ARGV: group, entry, `unknown_type` or `failed`, reason, how many are kept. Returns 0 where another
consumer has dealt with it, else 1."""

BRING_BACK: Final = """
local events, aside = KEYS[1], KEYS[2]
local found = redis.call('XRANGE', aside, ARGV[1], ARGV[1])
if #found == 0 then return 0 end
redis.call('XADD', events, '*', 'event', found[1][2][2])
return redis.call('XDEL', aside, ARGV[1])
"""
"""Have an event handled that was set aside. ARGV: its entry. Returns 0 where it is gone, else 1."""
