"""Requests that handlers of events submit: as a program would, for the event's tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from uuid import uuid4

import orjson
from pydantic import JsonValue

from neurocortex.gateway.intake import Accepted, Intake
from neurocortex.gateway.planning import Asking, Planner
from neurocortex.security.principal import Principal
from neurocortex.security.roles import SCOPES, Ceilings, Role
from neurocortex.stream.event import Event

ROLE: Final = Role.OPERATOR
"""Who may publish events may ask as much: the scope `events:write` begins with this role."""


@dataclass(frozen=True, slots=True)
class EventRequests:
    """Plans and takes them."""

    planner: Planner
    intake: Intake
    ceilings: Ceilings

    async def submit(self, event: Event, request: Mapping[str, JsonValue]) -> JsonValue:
        """See `neurocortex.stream.handlers.Requests`."""
        body = orjson.dumps(dict(request))
        # The event is handled again after a failure. What was done then is the same request; what
        # failed is tried again, or each try of the handler would meet the first one's failure.
        told = f"{event.source}\n{event.id}\n".encode() + body
        asking = Asking(
            id=uuid4(),
            principal=self._principal(event),
            body=body,
            idempotency_key=f"event-{blake2b(told, digest_size=16).hexdigest()}",
            repeats_failed=True,
        )
        outcome = await self.intake.take(self.planner.plan(asking))
        if isinstance(outcome, Accepted):
            return None
        answer: JsonValue = orjson.loads(outcome.body)
        return answer

    def _principal(self, event: Event) -> Principal:
        return Principal(
            subject=f"event {event.id}",
            tenant=event.tenant,
            role=ROLE,
            scopes=SCOPES[ROLE],
            ceiling=self.ceilings[ROLE],
            issuer=None,
            expires_at=None,
        )
