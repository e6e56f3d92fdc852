"""Events."""

from collections.abc import Sequence

from neurocortex.errors.base import NeuroCortexError


class EventError(NeuroCortexError):
    """The Stream cannot do what was asked."""


class InvalidEventError(EventError):
    """Not a CloudEvent 1.0 in JSON, or larger than allowed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is no event that can be taken: {reason}.")
        self.reason = reason


class UnknownEventTypeError(EventError):
    """No handler is registered for the type of an event. The event is kept."""

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(
            f"No handler is registered for events of type {kind!r} (there are handlers for:"
            f" {', '.join(known) or 'none'}). Register one, then bring the kept events back with"
            " `neurocortex events replay`."
        )
        self.kind = kind
        self.known = tuple(known)


class EventHandlerError(EventError):
    """A handler cannot be registered. `name` is its event type or its module."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Handler {name}: {reason}.")
        self.name = name
        self.reason = reason


class StreamFullError(EventError):
    """As many events wait as may: nothing was published."""

    def __init__(self, bound: int) -> None:
        super().__init__(
            f"{bound} events wait to be handled, more are not taken. Publish it again later, or"
            " raise NEUROCORTEX_STREAM__MAX_WAITING."
        )
        self.bound = bound
