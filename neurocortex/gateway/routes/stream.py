"""`POST /v1/events`: tell that something happened."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import openapi
from neurocortex.gateway.services import Services
from neurocortex.security.roles import Scope
from neurocortex.stream.event import MAX_BYTES, decode

REFUSALS: Final = openapi.refusals(400, 401, 403, 408, 413, 429, 503)


def router(services: Services) -> APIRouter:
    """Return the address."""
    routes = APIRouter(tags=["events"])

    @routes.post(
        "/v1/events",
        status_code=202,
        openapi_extra=openapi.json_body("Event"),
        responses={**openapi.json_response("It will be handled.", "Event", 202), **REFUSALS},
    )
    async def publish(request: Request) -> Response:
        """Publish a CloudEvent 1.0; its handler gets it at least once.

        The tenant is the caller's. Published again within a day, with its `source` and `id`, it is
        one event.
        """
        principal = await services.callers.identify(request, Scope.EVENTS_WRITE)
        event = decode(await services.bodies.read(request, MAX_BYTES))
        owned = event.model_copy(update={"tenant": principal.tenant})
        await services.stream.publish(owned)
        return Response(owned.encode(), 202, media_type=openapi.JSON)

    return routes
