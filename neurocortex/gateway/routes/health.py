"""`/healthz`, `/readyz` and `/metrics`: for whoever operates the gateway."""

import orjson
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway.openapi import NOT_READY, json_response, refusals, text_response
from neurocortex.gateway.services import Services
from neurocortex.security.roles import Scope


def router(services: Services) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", responses=json_response("The process answers.", "Health"))
    async def healthz() -> Response:
        """Tell that this process answers; it says nothing of its neighbours."""
        return _json({"status": "ok"}, 200)

    @routes.get(
        "/readyz", responses={**json_response("It can serve requests.", "Health"), **NOT_READY}
    )
    async def readyz() -> Response:
        """Tell whether all that requests need answers; `away` names what does not, and why."""
        away = await services.readiness.away()
        return _json({"status": "away" if away else "ok", "away": away}, 503 if away else 200)

    @routes.get(
        "/metrics",
        responses={**text_response("Prometheus text."), **refusals(401, 403, 429, 503)},
    )
    async def metrics(request: Request) -> Response:
        """Return the figures of this process as Prometheus reads them; none names a tenant."""
        await services.callers.identify(request, Scope.METRICS_READ)
        return Response(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return routes


def _json(document: dict[str, object], status: int) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
