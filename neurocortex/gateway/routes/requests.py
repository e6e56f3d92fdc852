"""`POST /v1/requests`: ask for something."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import headers, openapi
from neurocortex.gateway.direct import DirectRoute
from neurocortex.gateway.disconnects import unless_gone
from neurocortex.gateway.edge import request_id
from neurocortex.gateway.intake import Accepted
from neurocortex.gateway.planning import Asking
from neurocortex.gateway.samples import sample
from neurocortex.gateway.services import Services
from neurocortex.gateway.sse import Event
from neurocortex.gateway.streaming import events_of, opened
from neurocortex.gateway.views import location
from neurocortex.routing.route import Lane
from neurocortex.security.principal import Principal


def router(services: Services) -> APIRouter:
    """Return the address."""
    routes = APIRouter(tags=["requests"], route_class=DirectRoute)
    examples = {pipeline.operation: sample(pipeline) for pipeline in services.registry}

    @routes.post(
        "/v1/requests",
        openapi_extra=openapi.json_body(openapi.REQUEST_SCHEMA, examples),
        responses={
            **openapi.or_events(openapi.json_response("The answer.", openapi.RESULT_SCHEMA)),
            **openapi.json_response("It was accepted.", "RequestView", 202),
            **openapi.refusals(400, 401, 403, 408, 409, 413, 422, 429, 500, 501, 502, 503, 504),
        },
    )
    async def submit(request: Request) -> Response:
        """Ask for something: an answer, or 202 with an id where it takes longer.

        With `"stream": true` the answer comes as server-sent events `part` and `result`.
        """
        principal = await services.callers.identify(request)
        body = await services.bodies.read(request)
        return await respond(services, request, principal, body)

    return routes


async def respond(
    services: Services, request: Request, principal: Principal, body: bytes
) -> Response:
    """Serve the request of a body, as its headers ask."""
    asking = Asking(
        id=request_id(request.scope),
        principal=principal,
        body=body,
        fresh=headers.wants_fresh(request.headers),
        no_wait=headers.wants_no_wait(request.headers),
        idempotency_key=headers.idempotency_key(request.headers),
    )
    planned = services.planner.plan(asking)
    of_experiment = headers.experiment_headers(planned.trial)
    if planned.request.stream and planned.route.lane is Lane.REALTIME and not asking.no_wait:
        events = events_of(services, planned)
        said = {**headers.route_headers(planned.route), **of_experiment}
        return await unless_gone(request, opened(events, _failed(services), said))
    outcome = await unless_gone(request, services.intake.take(planned))
    if isinstance(outcome, Accepted):
        place = {"Location": location(outcome.record.id)}
        return Response(
            services.views.render(outcome.record),
            202,
            headers={**place, **headers.route_headers(planned.route), **of_experiment},
            media_type=openapi.JSON,
        )
    return Response(
        outcome.body,
        headers={**headers.route_headers(outcome.route, outcome.use), **of_experiment},
        media_type=openapi.JSON,
    )


def _failed(services: Services) -> Callable[[Exception], Event]:
    return lambda error: Event("error", services.refusals.problem(error).json())
