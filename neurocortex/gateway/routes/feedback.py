"""`/v1/feedback`: what people and programs say about answers."""

from contextlib import suppress

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.errors import ChoiceNotFoundError, NotInterleavedError, PredictionNotFoundError
from neurocortex.feedback.giving import WRITTEN_S
from neurocortex.feedback.values import Feedback, Judged, Recorded
from neurocortex.gateway import openapi
from neurocortex.gateway.bodies import decode
from neurocortex.gateway.services import Services
from neurocortex.security.roles import Scope
from neurocortex.selection.judging import judge

EXAMPLES = {
    "what would have been right": {
        "request_id": "3f0e8f6e-6f3d-4a6e-9d3a-0d5b8f1c2a34",
        "label": "class_1",
        "comment": "Seen on the bottle.",
    },
    "how good it was": {"request_id": "3f0e8f6e-6f3d-4a6e-9d3a-0d5b8f1c2a34", "score": 0.2},
    "which passages helped": {"request_id": "3f0e8f6e-6f3d-4a6e-9d3a-0d5b8f1c2a34", "used": [1, 3]},
}


def router(services: Services) -> APIRouter:
    """Return the address."""
    routes = APIRouter(tags=["feedback"])

    @routes.post(
        "/v1/feedback",
        openapi_extra=openapi.json_body("Feedback", EXAMPLES),
        responses={
            **openapi.json_response("It was taken down.", "Recorded", 201, "Judged"),
            **openapi.refusals(400, 401, 403, 404, 408, 413, 422, 429, 503),
        },
        status_code=201,
    )
    async def give(request: Request) -> Response:
        """Say how good an answer was, or what a prediction should have been.

        Of a prediction, what is said again replaces what was said before. Of an answer for which
        the platform chose the LLM, and of a request in an experiment, the first score counts. Of
        an answer whose passages two rankings picked, say which of them helped.
        """
        tenant = (await services.callers.identify(request, Scope.ANSWERS_READ)).tenant
        given = decode(Feedback, await services.bodies.read(request))
        taken = await _taken(services, tenant, given)
        return Response(taken.model_dump_json(), 201, media_type=openapi.JSON)

    return routes


async def _taken(services: Services, tenant: str, given: Feedback) -> Judged | Recorded:
    """Tell all that learn from it: the choice of LLMs, experiments, and kept predictions."""
    if given.used is not None:
        counted = await services.trials.prefer(given.request_id, tenant, given.used)
        if counted is None:
            raise NotInterleavedError(given.request_id)
        return Judged(request_id=given.request_id, counted=counted)
    of_choice = await _of_choice(tenant, given)
    of_trial = None
    if given.score is not None:
        of_trial = await services.trials.score(given.request_id, tenant, given.score)
    if of_choice is None and of_trial is None:
        recorded = await services.feedback.give(tenant, given)
        if given.score is None and recorded.score is not None:
            await services.trials.score(given.request_id, tenant, recorded.score)
        return recorded
    if of_trial is not None:
        # A label is about a prediction, which may be written down only in a moment.
        wait_s = 0 if given.label is None else WRITTEN_S
        with suppress(PredictionNotFoundError):  # it was no prediction, or it is not kept
            return await services.feedback.give(tenant, given, wait_s=wait_s)
    return Judged(request_id=given.request_id, counted=bool(of_choice or of_trial))


async def _of_choice(tenant: str, given: Feedback) -> bool | None:
    """Let the choice of an LLM learn from a score; None: it is not about one."""
    if given.score is None:
        return None
    try:
        return await judge(given.request_id, given.score, tenant)
    except ChoiceNotFoundError:
        return None
