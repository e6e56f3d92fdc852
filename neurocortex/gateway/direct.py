"""Routes without what FastAPI puts around an endpoint, for addresses where each microsecond counts.

FastAPI's own resolves parameters, validates and serializes. The endpoints here read the request and
make the response themselves, so that there is nothing for it to do.
"""

from collections.abc import Awaitable, Callable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class DirectRoute(APIRoute):
    """Calls an endpoint that takes the request and returns the response: `route_class` of a router.

    It is described in the API's document like any other.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return the endpoint itself."""
        return self.endpoint
