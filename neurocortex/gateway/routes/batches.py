"""`/v1/batches`: many requests at once, as JSON lines."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from neurocortex.batches.intake import Batches, Sending
from neurocortex.domain.deployments import Tier
from neurocortex.gateway import headers, openapi
from neurocortex.gateway.batch_views import MEDIA_TYPE, BatchViews, line_of, location
from neurocortex.gateway.bodies import Bodies
from neurocortex.gateway.disconnects import unless_gone
from neurocortex.gateway.edge import request_id
from neurocortex.gateway.services import Services
from neurocortex.gateway.uploads import Uploads
from neurocortex.security.roles import Scope

MEGABYTE: Final = 2**20

LINES: Final = {
    "requestBody": {
        "required": True,
        "description": "A request in each line, as for `/v1/requests`.",
        "content": {
            MEDIA_TYPE: {"schema": {"type": "string"}, "example": '{"operation": "echo"}\n'}
        },
    }
}
KNOWN = openapi.json_response("The batch as it is now.", "BatchView")
REFUSALS = openapi.refusals(400, 401, 403, 404, 429, 503)


def router(services: Services) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(tags=["batches"])
    _sending(routes, services)
    _following(routes, services)
    return routes


def _sending(routes: APIRouter, services: Services) -> None:
    callers, batches, chosen = services.callers, services.batches, services.settings.batches
    bodies = Bodies(round(chosen.max_body_mb * MEGABYTE), chosen.receive_timeout_s)
    uploads = Uploads()
    views = BatchViews(services.views.ui_url)

    @routes.post(
        "/v1/batches",
        openapi_extra=LINES,
        responses={
            **openapi.json_response("It was accepted.", "BatchView", 202),
            **openapi.refusals(400, 401, 403, 408, 409, 413, 422, 429, 503),
        },
        status_code=202,
    )
    async def submit(
        request: Request,
        tier: Annotated[
            Literal["medium", "low"], Query(description="Tier of the whole batch.")
        ] = "low",
        webhook: Annotated[
            str | None,
            Query(description="Its end is told here: see NEUROCORTEX_WEBHOOKS__ORIGINS."),
        ] = None,
    ) -> Response:
        """Ask for many things at once. Lines that are no valid request fail; the rest is done."""
        principal = await callers.identify(request, Scope.BATCHES_WRITE)
        with uploads.room(principal.tenant):
            sending = Sending(
                id=request_id(request.scope),
                principal=principal,
                tier=Tier(tier),
                body=await bodies.read(request),
                idempotency_key=headers.idempotency_key(request.headers),
                webhook=webhook,
            )
            standing = await batches.submit(sending)
        place = {"Location": location(standing.record.id)}
        return Response(views.render(standing), 202, headers=place, media_type=openapi.JSON)


def _following(routes: APIRouter, services: Services) -> None:
    callers, batches = services.callers, services.batches
    views = BatchViews(services.views.ui_url)
    longest_s = services.settings.gateway.longest_wait_s

    @routes.get("/v1/batches/{id}", responses={**KNOWN, **REFUSALS})
    async def look(
        request: Request,
        id: UUID,  # noqa: A002 - the name of the parameter in the address
        wait: Annotated[
            float, Query(ge=0, le=longest_s, description="Seconds to wait for its end, at most.")
        ] = 0,
    ) -> Response:
        """Return how far a batch is: at once, or when it has ended."""
        tenant = (await callers.identify(request, Scope.REQUESTS_READ)).tenant
        standing = await unless_gone(request, batches.look(id, tenant, wait))
        return Response(views.render(standing), media_type=openapi.JSON)

    @routes.get(
        "/v1/batches/{id}/results",
        responses={
            **openapi.text_response("A BatchLine in each line.", MEDIA_TYPE),
            **REFUSALS,
        },
    )
    async def results(request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Return what became of the lines that have ended, in their order, as JSON lines."""
        tenant = (await callers.identify(request, Scope.REQUESTS_READ)).tenant
        await batches.look(id, tenant)  # there is one, or 404
        return StreamingResponse(_lines(batches, id, tenant), media_type=MEDIA_TYPE)

    @routes.delete(
        "/v1/batches/{id}",
        responses={**openapi.json_response("It will end.", "BatchView", 202), **REFUSALS},
        status_code=202,
    )
    async def cancel(request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Ask for the end of a batch. What was done by then stays, with its results."""
        tenant = (await callers.identify(request, Scope.BATCHES_WRITE)).tenant
        standing = await batches.cancel(id, tenant)
        return Response(views.render(standing), 202, media_type=openapi.JSON)


async def _lines(batches: Batches, batch: UUID, tenant: str) -> AsyncGenerator[bytes]:
    async with aclosing(batches.outcomes(batch, tenant)) as outcomes:
        async for outcome in outcomes:
            yield line_of(batch, outcome)
