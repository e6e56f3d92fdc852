"""What each call of the service does: the same as its address of the HTTP API."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar
from urllib.parse import unquote
from uuid import UUID, uuid4

import grpc.aio

from neurocortex.errors import InvalidRequestError
from neurocortex.gateway.callers import NOWHERE
from neurocortex.gateway.headers import checked_key
from neurocortex.gateway.intake import Accepted
from neurocortex.gateway.planning import Asking, Planned
from neurocortex.gateway.rpc.protocol import messages, services
from neurocortex.gateway.rpc.statuses import status_of, trailer_of
from neurocortex.gateway.services import Services
from neurocortex.gateway.streaming import events_of
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Scope
from neurocortex.tracking.record import Record, State

Context = grpc.aio.ServicerContext[Any, Any]
Answered = TypeVar("Answered")

AUTHORIZATION: Final = "authorization"

FIELDS: Final = {"part": "part", "result": "result", "accepted": "request"}
"""Of a StreamResponse, by the name of the event in the other protocols."""


class Servicer(services.NeuroCortexServicer):  # type: ignore[misc] # made at run time
    """Serves the calls of one process. Methods are named as the calls are."""

    def __init__(self, gateway: Services) -> None:
        """Serve over open services."""
        self._gateway = gateway

    async def Submit(self, request: Any, context: Context) -> Any:  # noqa: N802 - the call's name
        """Have a request served: its answer, or that it was accepted."""
        return await self._told(context, lambda: self._submit(request, context))

    async def Stream(self, request: Any, context: Context) -> AsyncGenerator[Any]:  # noqa: N802
        """Have a request served, with parts of the answer as they come."""
        try:
            planned = await self._planned(request, context)
            async with aclosing(events_of(self._gateway, planned)) as events:
                async for event in events:
                    yield messages.StreamResponse(**{FIELDS[event.name]: event.data})
        except Exception as error:  # noqa: BLE001 - told to the client
            await self._refuse(context, error)

    async def Get(self, request: Any, context: Context) -> Any:  # noqa: N802
        """Tell how a request stands that was accepted."""
        return await self._told(context, lambda: self._get(request, context))

    async def Cancel(self, request: Any, context: Context) -> Any:  # noqa: N802
        """Ask for the end of a request that was accepted."""
        return await self._told(context, lambda: self._cancel(request, context))

    async def _submit(self, request: Any, context: Context) -> Any:
        planned = await self._planned(request, context)
        outcome = await self._gateway.intake.take(planned)
        where = {"lane": planned.route.lane.value, "tier": planned.route.tier.value}
        if isinstance(outcome, Accepted):
            shown = self._gateway.views.render(outcome.record)
            return messages.SubmitResponse(request=shown, **where)
        cache = outcome.use.value if outcome.use is not None else ""
        return messages.SubmitResponse(result=outcome.body, cache=cache, **where)

    async def _get(self, request: Any, context: Context) -> Any:
        tenant = (await self._identify(context, Scope.REQUESTS_READ)).tenant
        number, tracker = _number(request.id), self._gateway.tracker
        wait_s = min(request.wait_s, self._gateway.settings.gateway.longest_wait_s)
        if wait_s > 0:
            record = await tracker.wait(number, tenant, wait_s)
        else:
            record = await tracker.get(number, tenant)
        return messages.GetResponse(request=await self._shown(record))

    async def _cancel(self, request: Any, context: Context) -> Any:
        tenant = (await self._identify(context, Scope.REQUESTS_WRITE)).tenant
        record = await self._gateway.tracker.cancel(_number(request.id), tenant)
        return messages.CancelResponse(request=self._gateway.views.render(record))

    async def _shown(self, record: Record) -> bytes:
        result = None
        if record.state is State.COMPLETED:
            result = await self._gateway.tracker.result(record.id, record.tenant)
        return self._gateway.views.render(record, result)

    async def _planned(self, request: Any, context: Context) -> Planned:
        asking = Asking(
            id=uuid4(),
            principal=await self._identify(context),
            body=request.request,
            fresh=request.fresh,
            no_wait=request.no_wait,
            idempotency_key=checked_key(key) if (key := request.idempotency_key) else None,
        )
        return self._gateway.planner.plan(asking)

    async def _identify(self, context: Context, scope: Scope | None = None) -> Principal:
        metadata = dict(context.invocation_metadata() or ())
        shown = metadata.get(AUTHORIZATION, "")
        text = shown.decode("latin-1") if isinstance(shown, bytes) else shown
        principal = await self._gateway.callers.known(text, _address(context.peer()))
        if scope is not None:
            principal.require(scope)
        return principal

    async def _told(
        self, context: Context, answer: Callable[[], Awaitable[Answered]]
    ) -> Answered | None:
        try:
            return await answer()
        except Exception as error:  # noqa: BLE001 - told to the client
            await self._refuse(context, error)
            return None

    async def _refuse(self, context: Context, error: Exception) -> None:
        """End a call with an error: `abort` raises."""
        problem = self._gateway.refusals.problem(error)
        await context.abort(status_of(problem), problem.detail, trailer_of(problem))


def _number(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequestError([("id", f"{text!r} is no UUID")]) from None


def _address(peer: str) -> str:
    """Return the address in a peer's name: `ipv4:127.0.0.1:1234`, `ipv6:%5B::1%5D:1234`."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return NOWHERE
    return rest.rpartition(":")[0].strip("[]") or NOWHERE
