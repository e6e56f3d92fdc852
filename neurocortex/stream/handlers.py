"""Who handles which type of event; types may be added and taken away while events flow."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import import_module
from typing import Protocol, cast

from pydantic import JsonValue

from neurocortex.errors import EventHandlerError, UnknownEventTypeError
from neurocortex.stream.event import Event


class Handler(Protocol):
    """Handles an event.

    It may see an event again, after a failure or a crash: it must do no harm then. An exception
    makes it try again some times; what still fails is set aside with the reason.
    """

    def __call__(self, event: Event) -> Awaitable[None]:
        """Handle it; the event counts as handled once this has returned."""
        ...


class Requests(Protocol):
    """Has requests served, for handlers that start work."""

    async def submit(self, event: Event, request: Mapping[str, JsonValue]) -> JsonValue:
        """Have a request served because of an event, for the event's tenant.

        It is one request however often the event is handled.

        Args:
            event: the one that is being handled.
            request: as a program sends it, e.g. `{"operation": "upsert", ...}`.

        Returns:
            The answer; None where the request was accepted and goes on by itself.

        Raises:
            NeuroCortexError: it is not valid, not let in, or failed.
        """
        ...


class Handlers:
    """Handlers by type, one each: what is to happen twice is one handler's story."""

    def __init__(self) -> None:
        """Know no type."""
        self._by_type: dict[str, Handler] = {}

    def register(self, kind: str, handler: Handler) -> None:
        """Handle events of a type from now on.

        Raises:
            EventHandlerError: the type has a handler already.
        """
        if kind in self._by_type:
            raise EventHandlerError(kind, "it has a handler already; unregister that first")
        self._by_type[kind] = handler

    def unregister(self, kind: str) -> None:
        """Handle a type no longer; its events are then set aside. Unknown types are ignored."""
        self._by_type.pop(kind, None)

    def of(self, kind: str) -> Handler:
        """Return the handler of a type.

        Raises:
            UnknownEventTypeError: it has none.
        """
        try:
            return self._by_type[kind]
        except KeyError:
            raise UnknownEventTypeError(kind, sorted(self._by_type)) from None

    @property
    def types(self) -> frozenset[str]:
        """The types that are handled."""
        return frozenset(self._by_type)


def load(modules: Iterable[str], handlers: Handlers, requests: Requests) -> None:
    """Import modules by name and have each add its handlers.

    A module does so in its function `register(handlers, requests)`.

    Raises:
        EventHandlerError: a module cannot be imported or has no such function, or two want a type.
    """
    for name in modules:
        try:
            register = getattr(import_module(name), "register", None)
        except ImportError as error:
            raise EventHandlerError(name, f"it cannot be imported: {error}") from error
        if not callable(register):
            raise EventHandlerError(name, "it has no function register(handlers, requests)")
        cast("Callable[[Handlers, Requests], None]", register)(handlers, requests)
