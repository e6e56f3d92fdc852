"""An answer as events: its parts as they come, then its result; or that it was accepted."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

import orjson

from neurocortex.gateway.intake import Accepted
from neurocortex.gateway.planning import Planned
from neurocortex.gateway.realtime import Answer
from neurocortex.gateway.services import Services
from neurocortex.gateway.sse import Event, EventStream
from neurocortex.routing.route import Lane

EventT = TypeVar("EventT", Event, bytes)


async def events_of(services: Services, planned: Planned) -> AsyncGenerator[Event]:
    """Yield `part` as often as there is one, then `result` or `accepted`.

    Raises:
        Exception: there is no result, for this reason; also after some parts.
    """
    if not planned.request.stream or planned.route.lane is not Lane.REALTIME:
        outcome = await services.intake.take(planned)
        if isinstance(outcome, Accepted):
            yield Event("accepted", services.views.render(outcome.record))
        else:
            yield Event("result", outcome.body)
        return
    async with aclosing(services.intake.parts(planned)) as parts:
        async for part in parts:
            if isinstance(part, Answer):
                yield Event("result", part.body)
            else:
                yield Event("part", orjson.dumps({"text": part.text}))


async def opened(
    events: AsyncGenerator[EventT],
    failed: Callable[[Exception], EventT],
    headers: Mapping[str, str] | None = None,
) -> EventStream:
    """Wait for the first event, and return an answer that sends it and the others.

    Args:
        events: what is sent.
        failed: gives the event that tells of an exception, once the status has been sent.
        headers: of the answer.

    Raises:
        Exception: what the first event raises: a request that is refused has a status of its own.
    """
    first = await anext(events)

    async def all_events() -> AsyncGenerator[EventT]:
        async with aclosing(events):
            yield first
            try:
                async for event in events:
                    yield event
            except Exception as error:  # noqa: BLE001 - told to the client
                yield failed(error)

    return EventStream(all_events(), headers)
