"""What is being served: every step of a request knows it without being handed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier


@dataclass(frozen=True, slots=True)
class Serving:
    """One request, as its lane admitted it."""

    id: UUID
    tenant: str
    tier: Tier
    deadline: float | None = None
    """When its answer is of no use any more, in seconds since the epoch."""


_SERVING: Final[ContextVar[Serving | None]] = ContextVar("serving", default=None)


@contextmanager
def serving(request: Serving) -> Iterator[None]:
    """Say what this context, and the tasks and threads begun in it, work on."""
    token = _SERVING.set(request)
    try:
        yield
    finally:
        _SERVING.reset(token)


def current() -> Serving | None:
    """Return the request of this context; None: it is of no lane, as in a flow run."""
    return _SERVING.get()
