"""Rollouts in Redis. Keys, each below the namespace:

| key | type | holds |
| --- | --- | --- |
| rollouts | string | a snapshot, as `neurocortex/snapshots` keeps them |
| rollout:ID | hash | what both versions did since `epoch`; `broken`, why the candidate never can |
"""

from typing import Final
from uuid import UUID

SNAPSHOT: Final = "rollouts"
EPOCH: Final = "epoch"
BROKEN: Final = "broken"


def counts(rollout: UUID) -> str:
    """Return the key of a rollout's counts."""
    return f"rollout:{rollout}"


COUNT: Final = """
-- Add counts; who comes first after Redis was emptied begins an epoch.
-- KEYS: rollout:ID. ARGV: seconds the counts are kept, a new epoch, why the candidate is broken or
-- an empty text, then field and count by turns.
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSETNX', KEYS[1], 'broken', ARGV[3]) end
for place = 4, #ARGV, 2 do
    redis.call('HINCRBY', KEYS[1], ARGV[place], ARGV[place + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
