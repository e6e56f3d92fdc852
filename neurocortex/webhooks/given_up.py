"""Webhooks that nobody took, as dead letters: people see them where they look for what failed."""

import json
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from neurocortex.dead_letters.letter import MAX_MESSAGE_CHARS, DeadLetter
from neurocortex.webhooks.store import Due

FLOW: Final = "webhook"
"""Whose failures they are, in the list of dead letters."""


def letter_of(due: Due, failure: str) -> DeadLetter:
    """Return the dead letter of a webhook.

    It has an id of its own, made from the request's: the request may have a letter, too.
    """
    record = due.record
    return DeadLetter(
        flow_run=letter_id(record.id),
        name=record.operation,
        flow=FLOW,
        deployment=None,
        deployment_id=None,
        tier=record.tier.value,
        tenant=record.tenant,
        parameters=json.dumps({"request": str(record.id), "url": _without_secrets(due.url)}),
        state="Failed",
        message=failure[:MAX_MESSAGE_CHARS],
        error_type=None,
        history=(),
        attempts=due.attempts,
        created=datetime.now(UTC),
    )


def letter_id(request: UUID) -> UUID:
    """Return the id under which the dead letter of a request's webhook is found."""
    return uuid5(request, FLOW)


def _without_secrets(url: str) -> str:
    """Return an address without its query, where clients put tokens."""
    return urlsplit(url)._replace(query="", fragment="").geturl()
