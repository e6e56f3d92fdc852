"""Every change of what is tracked: Lua, run by Redis as one atomic step each.

Keys and their contents: `layout.py`. LOST is the answer where Redis was emptied: nothing is written
before it was filled again from PostgreSQL, or a request might be forgotten or done twice.
"""

from typing import Final

LOST: Final = -1
STALE: Final = 0
DONE: Final = 1

PUT: Final = f"""
local epoch, record, open, unwritten, result = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, json, version, before = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local keep_ms, final, is_written, recovering = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if recovering == '0' and redis.call('EXISTS', epoch) == 0 then return {LOST} end
local known = redis.call('GET', record)
if (known and string.match(known, '^%d+') or '0') ~= before then return {STALE} end
redis.call('SET', record, version .. ' ' .. json)
if final == '1' then redis.call('PEXPIRE', record, keep_ms) end
if is_written == '0' then redis.call('ZADD', unwritten, version, id) end
if final == '1' then redis.call('SREM', open, id) else redis.call('SADD', open, id) end
if ARGV[10] then redis.call('SET', result, ARGV[10], 'PX', keep_ms) end
redis.call('PUBLISH', ARGV[9], id)
return {DONE}
"""
"""Write a record where its version is the expected one, and tell of it. KEYS: epoch, the record,
open, unwritten, the result. ARGV: request, JSON, its version, the version there (0: none),
milliseconds to keep one that is final, whether it is, whether PostgreSQL has this version, whether
Redis is being filled again, the channel, and the result if there is one."""

RESERVE: Final = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return {LOST} end
local known = redis.call('GET', KEYS[2])
if known then return known end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {DONE}
"""
"""Take an idempotency key. KEYS: epoch, the key. ARGV: `ID DIGEST`, milliseconds of the lease.
Returns DONE, or the `ID DIGEST` that has it."""

KEEP: Final = f"""
local known = redis.call('GET', KEYS[1])
if known and known ~= ARGV[1] then return {STALE} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {DONE}
"""
"""Keep an idempotency key, or enter it again. KEYS: the key. ARGV: `ID DIGEST`, milliseconds."""

FREE: Final = """
local known = redis.call('GET', KEYS[1])
if known and string.sub(known, 1, 36) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""Give an idempotency key back. KEYS: the key. ARGV: the request that took it."""

WRITTEN: Final = """
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return 1
"""
"""Say that PostgreSQL has these versions. KEYS: unwritten. ARGV: request and version of each."""

UNWRITTEN: Final = """
return redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')
"""
"""Look at what is to be written; a script, as its answer is the same in each version of Redis'
protocol. KEYS: unwritten. ARGV: how many. Returns request and version of each."""

VISIT: Final = """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
"""Add a request to a session, which lives on. KEYS: the session. ARGV: request, when it came, how
many are kept, milliseconds the session lives unused."""

LEAD: Final = """
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""Become the leader, or stay it. KEYS: leader. ARGV: who, milliseconds."""

RESIGN: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""
"""Be no leader any more. KEYS: leader. ARGV: who."""
