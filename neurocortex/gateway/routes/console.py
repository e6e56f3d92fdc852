"""The console: one page at `/`, and the figures that it follows.

The page holds no figures and needs no credential. Those need one with the scope `metrics:read`,
which the page keeps in the tab's session storage and sends in a header: no cookie, so no other
page can use it.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import openapi
from neurocortex.gateway.figures import EVERY_S
from neurocortex.gateway.services import Services
from neurocortex.gateway.sse import Event, EventStream
from neurocortex.security.roles import Scope

POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def router(services: Services) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(tags=["console"])
    ui = services.views.ui_url

    @routes.get("/", responses=openapi.text_response("The page.", "text/html"))
    async def console() -> Response:
        """Show the console to people."""
        nonce = secrets.token_urlsafe(16)
        page = _page().substitute(nonce=nonce, prefect_ui=escape(ui, quote=True))
        policy = {"Content-Security-Policy": POLICY.format(nonce=nonce)}
        return Response(page, headers=policy, media_type="text/html")

    @routes.get(
        "/console/events",
        responses={
            **openapi.event_response("A snapshot of all figures each second, for ever."),
            **openapi.refusals(401, 403, 429, 503),
        },
    )
    async def figures(request: Request) -> Response:
        """Send the console's figures as server-sent events."""
        await services.callers.identify(request, Scope.METRICS_READ)
        return EventStream(_figures(services))

    return routes


async def _figures(services: Services) -> AsyncGenerator[Event]:
    while not services.stopping.is_set():
        snapshot = await services.figures.snapshot()
        yield Event("figures", snapshot.model_dump_json().encode())
        try:
            async with asyncio.timeout(EVERY_S):
                await services.stopping.wait()
        except TimeoutError:
            continue


@cache
def _page() -> Template:
    return Template(files("neurocortex.gateway").joinpath("console.html").read_text("utf-8"))
