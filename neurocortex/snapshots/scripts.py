"""Snapshots in Redis: a string `REVISION JSON`, below the namespace."""

from typing import Final

NAMESPACE: Final = "neurocortex"

PUBLISH: Final = """
-- Put a snapshot in front of PostgreSQL, unless a newer one is there.
-- KEYS: of the snapshot. ARGV: revision, JSON. Answers 1 if it was put.
local known = redis.call('GET', KEYS[1])
if known then
    local revision = tonumber(string.match(known, '^%d+'))
    if revision > tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
return 1
"""
