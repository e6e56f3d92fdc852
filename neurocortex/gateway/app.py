"""The application: addresses, errors and the layers around them."""

from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from neurocortex.errors import GatewayBusyError, InvalidRequestError, NeuroCortexError
from neurocortex.feedback.values import Feedback, Judged, Recorded
from neurocortex.gateway import openapi
from neurocortex.gateway.batch_views import BatchLine, BatchView
from neurocortex.gateway.edge import CLIENT_GONE, Edge
from neurocortex.gateway.openai_protocol import ChatCompletionRequest, EmbeddingsRequest
from neurocortex.gateway.problems import Problem
from neurocortex.gateway.routes import (
    batches,
    completions,
    console,
    events,
    feedback,
    health,
    requests,
    sessions,
    stream,
    tiers,
    websocket,
)
from neurocortex.gateway.routes.sessions import Context, SessionView
from neurocortex.gateway.services import Services
from neurocortex.gateway.tiers import TiersView
from neurocortex.gateway.views import RequestView
from neurocortex.stream.event import Event

MODELS: Final = (
    *(RequestView, BatchView, BatchLine, TiersView, SessionView, Context),
    *(ChatCompletionRequest, EmbeddingsRequest, Event),
    *(Feedback, Judged, Recorded),
)
"""What the routes' descriptions refer to."""


def make_app(services: Services) -> ASGIApp:
    """Return the gateway as an ASGI application over open services; it needs no lifespan."""
    app = FastAPI(
        title=openapi.TITLE,
        description=openapi.DESCRIPTION,
        version=openapi.VERSION,
        # Their pages load scripts from elsewhere. The document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for routes in (
        requests,
        batches,
        events,
        feedback,
        sessions,
        stream,
        tiers,
        completions,
        websocket,
        health,
        console,
    ):
        # Added as they are: a router that is included looks for its route twice in each call.
        app.router.routes.extend(routes.router(services).routes)
    openapi.describe(app, services.registry, *MODELS)
    _handle_errors(app, services)
    inner: ASGIApp = app
    if services.settings.gateway.cors_origins:
        inner = CORSMiddleware(
            app,
            allow_origins=services.settings.gateway.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key"],
            expose_headers=["X-Request-Id", "X-Cache", "X-Neurocortex-Route", "Retry-After"],
        )
    return Edge(inner, services.metrics)


def busy(services: Services, connections: int) -> ASGIApp:
    """Return what answers in the application's place when there are too many connections."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        problem = services.refusals.problem(GatewayBusyError(connections))
        await problem.response()(scope, receive, send)

    return Edge(refuse, services.metrics)


def _handle_errors(app: FastAPI, services: Services) -> None:
    refusals = services.refusals

    @app.exception_handler(NeuroCortexError)
    async def ours(_: Request, error: NeuroCortexError) -> Response:
        return refusals.problem(error).response()

    @app.exception_handler(RequestValidationError)
    async def parameters(_: Request, error: RequestValidationError) -> Response:
        problems = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
        return refusals.problem(InvalidRequestError(problems)).response()

    @app.exception_handler(HTTPException)
    async def no_such_address(_: Request, error: HTTPException) -> Response:
        code = {404: "no_such_address", 405: "method_not_allowed"}.get(error.status_code, "http")
        services.metrics.refused(code)
        answered = Problem(error.status_code, code, str(error.detail)).response()
        answered.headers.update(error.headers or {})
        return answered

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_GONE)

    @app.exception_handler(Exception)
    async def unknown(_: Request, error: Exception) -> Response:
        return refusals.problem(error).response()
