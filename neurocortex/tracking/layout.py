"""What the tracking keeps in Redis. Keys, each below the namespace and `tracking:`:

| key | type | holds |
| --- | --- | --- |
| epoch | string | it is there: nothing was lost since it was written |
| request:ID | string | `VERSION JSON` of a record |
| result:ID | string | what a request returned, as JSON |
| open | set | requests that have not ended |
| unwritten | sorted set | request -> version that PostgreSQL does not have yet |
| key:TENANT:KEY | string | `ID DIGEST`: an idempotency key |
| session:TENANT:NAME | sorted set | requests of a session, by when they came |
| leader | string | the process that writes behind and follows flow runs |

Each change is published on the channel `changes`, as the request's id.
"""

from typing import Final
from uuid import UUID

NAMESPACE: Final = "neurocortex"
"""What all keys start with, unless told otherwise."""

EPOCH: Final = "tracking:epoch"
OPEN: Final = "tracking:open"
UNWRITTEN: Final = "tracking:unwritten"
LEADER: Final = "tracking:leader"
CHANGES: Final = "tracking:changes"


def request(id_: UUID) -> str:
    """Return the key of a record."""
    return f"tracking:request:{id_}"


def result(id_: UUID) -> str:
    """Return the key of a result."""
    return f"tracking:result:{id_}"


def idempotency(tenant: str, key: str) -> str:
    """Return the key of an idempotency key."""
    return f"tracking:key:{tenant}:{key}"


def session(tenant: str, name: str) -> str:
    """Return the key of a session's requests."""
    return f"tracking:session:{tenant}:{name}"
