"""`/v1/sessions/{name}`: the requests of a session, and what they remember for those after them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import openapi
from neurocortex.gateway.bodies import decode
from neurocortex.gateway.services import Services
from neurocortex.security.roles import Scope
from neurocortex.tracking.sessions import Session

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]

Storable = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""A text without U+0000, which PostgreSQL does not keep."""

REFUSALS = openapi.refusals(400, 401, 403, 408, 409, 413, 422, 429, 503)


class SessionView(BaseModel):
    """A session of the caller's tenant; one that ended, or never was, is empty."""

    model_config = ConfigDict(frozen=True)

    name: str
    requests: tuple[UUID, ...] = Field(description="The last ones, oldest first.")
    context: dict[str, str] = Field(description="What they remember.")


class Context(RootModel[dict[Storable, Storable]]):
    """What to remember: texts by name. Those of other names stay."""


def router(services: Services) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(tags=["sessions"])
    sessions = services.tracker.sessions
    known = openapi.json_response("The session.", "SessionView")

    @routes.get("/v1/sessions/{name}", responses={**known, **REFUSALS})
    async def look(request: Request, name: Name) -> Response:
        """Show a session."""
        tenant = (await services.callers.identify(request, Scope.REQUESTS_READ)).tenant
        return _shown(await sessions.get(tenant, name))

    @routes.patch(
        "/v1/sessions/{name}",
        openapi_extra=openapi.json_body("Context", {"a fact": {"language": "French"}}),
        responses={**known, **REFUSALS},
    )
    async def remember(request: Request, name: Name) -> Response:
        """Add to what a session remembers, or replace what has the same names there."""
        tenant = (await services.callers.identify(request, Scope.ANSWERS_READ)).tenant
        values = decode(Context, await services.bodies.read(request)).root
        return _shown(await sessions.remember(tenant, name, values))

    return routes


def _shown(session: Session) -> Response:
    view = SessionView(
        name=session.name, requests=tuple(session.requests), context=dict(session.context)
    )
    return Response(view.model_dump_json(), media_type=openapi.JSON)
