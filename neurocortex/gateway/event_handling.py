"""Events of the Stream, handled in this process by the handlers that the settings name."""

from prefect.events import emit_event

from neurocortex.settings import Settings
from neurocortex.stream.dispatcher import Dispatcher
from neurocortex.stream.handlers import Handlers, Requests, load
from neurocortex.stream.stream import EventStream, SetAside

SET_ASIDE = "neurocortex.event.set-aside"
"""Name of the event in Prefect that automations can wait for."""


def dispatcher(settings: Settings, stream: EventStream, requests: Requests) -> Dispatcher:
    """Return what handles them.

    Raises:
        EventHandlerError: a module that the settings name has no handlers.
    """
    handlers = Handlers()
    load(settings.stream.handlers, handlers, requests)
    return Dispatcher(stream, handlers, settings.stream, settings.tasks, _announce)


def _announce(kept: SetAside) -> None:
    """Tell Prefect. The event's data stays out of it: it is a tenant's own."""
    event = kept.event
    emit_event(
        SET_ASIDE,
        {
            "prefect.resource.id": f"neurocortex.event-type.{event.type}",
            "prefect.resource.name": event.type,
        },
        payload={"entry": kept.entry, "source": event.source, "id": event.id, "why": kept.why},
    )
