"""`/v1/requests/{id}`: what became of a request, its events, and its end."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import openapi
from neurocortex.gateway.disconnects import unless_gone
from neurocortex.gateway.services import Services
from neurocortex.gateway.sse import Event, EventStream
from neurocortex.security.roles import Scope
from neurocortex.tracking.record import Record, State

KNOWN = openapi.json_response("The request as it is now.", "RequestView")
REFUSALS = openapi.refusals(400, 401, 403, 404, 429, 503)


def router(services: Services) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(tags=["requests"])
    callers, tracker = services.callers, services.tracker
    longest_s = services.settings.gateway.longest_wait_s

    async def shown(record: Record) -> Response:
        result = None
        if record.state is State.COMPLETED:
            result = await tracker.result(record.id, record.tenant)
        return Response(services.views.render(record, result), media_type=openapi.JSON)

    @routes.get("/v1/requests/{id}", responses={**KNOWN, **REFUSALS})
    async def look(
        request: Request,
        id: UUID,  # noqa: A002 - the name of the parameter in the address
        wait: Annotated[
            float, Query(ge=0, le=longest_s, description="Seconds to wait for its end, at most.")
        ] = 0,
    ) -> Response:
        """Return what became of a request: at once, or when it has ended."""
        tenant = (await callers.identify(request, Scope.REQUESTS_READ)).tenant
        if not wait:
            return await shown(await tracker.get(id, tenant))
        return await shown(await unless_gone(request, tracker.wait(id, tenant, wait)))

    @routes.get(
        "/v1/requests/{id}/events",
        responses={
            **openapi.event_response("An event `state` with a RequestView after each change."),
            **REFUSALS,
        },
    )
    async def follow(request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Send an event after each change of a request, the first at once, until its end."""
        tenant = (await callers.identify(request, Scope.REQUESTS_READ)).tenant
        await tracker.get(id, tenant)  # there is one, or 404
        return EventStream(_events(services, id, tenant))

    @routes.delete(
        "/v1/requests/{id}",
        responses={**openapi.json_response("It will end.", "RequestView", 202), **REFUSALS},
        status_code=202,
    )
    async def cancel(request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Ask for a request's end. One that has ended stays as it is."""
        tenant = (await callers.identify(request, Scope.REQUESTS_WRITE)).tenant
        record = await tracker.cancel(id, tenant)
        return Response(services.views.render(record), 202, media_type=openapi.JSON)

    return routes


async def _events(services: Services, number: UUID, tenant: str) -> AsyncGenerator[Event]:
    async with aclosing(services.tracker.events(number, tenant)) as records:
        async for record in records:
            result = None
            if record.state is State.COMPLETED:
                result = await services.tracker.result(number, tenant)
            data = services.views.render(record, result)
            yield Event("state", data, str(record.version))
