"""`/v1/tiers`: how full the platform is."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import openapi
from neurocortex.gateway.services import Services
from neurocortex.security.roles import Scope


def router(services: Services) -> APIRouter:
    """Return the address."""
    routes = APIRouter(tags=["tiers"])

    @routes.get(
        "/v1/tiers",
        responses={
            **openapi.json_response("The tiers, the most urgent first.", "TiersView"),
            **openapi.refusals(401, 403, 429, 503),
        },
    )
    async def tiers(request: Request) -> Response:
        """Show each tier's queue, its share of the workers' slots, and the wait to expect."""
        await services.callers.identify(request, Scope.REQUESTS_READ)
        view = await services.tiers.view()
        return Response(view.model_dump_json(), media_type=openapi.JSON)

    return routes
