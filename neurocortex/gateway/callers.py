"""Who calls, and whether they may call now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from neurocortex.routing.route import Caller
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Scope
from neurocortex.security.stack import Security

BEARER: Final = "bearer."
"""Browsers set no header of a WebSocket but Sec-WebSocket-Protocol, and addresses are logged."""

NOWHERE: Final = "unknown"
"""The address of a client whose address the server does not know."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Authenticates calls, and holds them to their rates."""

    security: Security

    async def identify(self, connection: HTTPConnection, scope: Scope | None = None) -> Principal:
        """Return who calls.

        Args:
            connection: its headers `Authorization` or `X-API-Key` hold the credential; that of a
                WebSocket may be offered as a subprotocol, BEARER and the credential.
            scope: what they must be allowed to do; None: what they ask for decides it later.

        Raises:
            AccessError: they are unknown, locked out, too many, or may not do that.
            ConnectorError: what knows the credential does not answer.
        """
        headers, client = connection.headers, connection.client
        shown = headers.get("authorization") or headers.get("x-api-key") or _offered(connection)
        principal = await self.known(shown, client.host if client is not None else NOWHERE)
        if scope is not None:
            principal.require(scope)
        return principal

    async def known(self, shown: str, address: str) -> Principal:
        """Return whose credential is shown from an address. Raises as `identify`."""
        principal = await self.security.authenticator.authenticate(shown, address)
        await self.count(principal)
        return principal

    async def count(self, principal: Principal) -> None:
        """Count one more request of somebody who is known.

        Raises:
            RateLimitedError: too many.
        """
        rates = self.security.rates
        if not rates.try_now(principal.tenant):
            await rates.allow(principal.tenant)


def _offered(connection: HTTPConnection) -> str:
    protocols: Sequence[str] = connection.scope.get("subprotocols", ())
    found = (each.removeprefix(BEARER) for each in protocols if each.startswith(BEARER))
    return next(found, "")


def caller_of(principal: Principal) -> Caller:
    """Return who calls, as far as a route depends on it."""
    return Caller(principal.tenant, principal.role.value, principal.ceiling)
