"""The parts put together, for a gateway."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import httpx
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neurocortex.security.authenticate import Authenticator
from neurocortex.security.gcra import Rate
from neurocortex.security.issuers import read_issuers
from neurocortex.security.key_sets import TIMEOUT_S, key_set_of
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.lockout import Lockout
from neurocortex.security.lockout_policy import LockoutPolicy
from neurocortex.security.rates import RateLimits, Rates
from neurocortex.security.remote import NAMESPACE, Remote
from neurocortex.security.revocations import listen
from neurocortex.security.roles import Ceilings, Role
from neurocortex.security.tokens import JwtVerifier, TrustedIssuer
from neurocortex.security.verified import Verified
from neurocortex.settings import SecuritySettings, Settings

SOCKET_TIMEOUT_S: Final = 1.0
"""Longer than a caller waits (`remote.SOFT_TIMEOUT_S`): after that the connection is given up."""


@dataclass(frozen=True, slots=True)
class Security:
    """What a gateway asks for each request."""

    authenticator: Authenticator
    rates: Rates
    keys: ApiKeys


@asynccontextmanager
async def security(
    settings: Settings, database_url: str, redis_url: str, namespace: str = NAMESPACE
) -> AsyncGenerator[Security]:
    """Open authentication and rates over the platform's PostgreSQL and Redis.

    Neither needs to answer yet. Gateways with the same Redis and namespace share locks and rates.

    Raises:
        SettingsError: the file of issuers cannot be read, or says something that cannot be.
    """
    chosen, rates = settings.security, settings.rates
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_client(redis_url))
        web = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S))
        keys = stack.enter_context(ApiKeys(database_url))
        remote = Remote(redis, namespace)
        stack.push_async_callback(remote.close)
        authenticator = Authenticator(
            keys.find,
            _verifier(chosen, web),
            Lockout(remote, _lockout_policy(chosen)),
            Verified(chosen.key_cache_s),
            ceilings_of(chosen),
        )
        stack.push_async_callback(authenticator.close)
        await stack.enter_async_context(_revocations(redis, authenticator, namespace))
        limits = RateLimits(
            total=Rate(rates.per_s, rates.burst),
            tenant=Rate(rates.tenant_per_s, rates.tenant_burst),
        )
        yield Security(authenticator, Rates(remote, limits), keys)


def ceilings_of(chosen: SecuritySettings) -> Ceilings:
    """Return the most urgent tier of each role."""
    return MappingProxyType(
        {
            Role.READER: chosen.reader_tier,
            Role.OPERATOR: chosen.operator_tier,
            Role.ADMIN: chosen.admin_tier,
        }
    )


def _verifier(chosen: SecuritySettings, web: httpx.AsyncClient) -> JwtVerifier:
    trusted = {
        issuer.issuer: TrustedIssuer(issuer, key_set_of(issuer, web))
        for issuer in read_issuers(chosen.issuers)
    }
    return JwtVerifier(trusted, ceilings_of(chosen), chosen.session_s)


def _lockout_policy(chosen: SecuritySettings) -> LockoutPolicy:
    return LockoutPolicy(
        pair_failures=chosen.lock_after,
        network_failures=chosen.lock_address_after,
        lock_s=chosen.lock_s,
        longest_lock_s=chosen.longest_lock_s,
    )


def _client(redis_url: str) -> Redis:
    # A call that failed is not made again: lock-out and rates go on without Redis.
    return Redis.from_url(
        redis_url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@asynccontextmanager
async def _revocations(
    redis: Redis, authenticator: Authenticator, namespace: str
) -> AsyncGenerator[None]:
    """Hear of revoked keys while the context lasts."""
    closing = asyncio.Event()

    async def hear() -> None:
        async for key_id in listen(redis, closing, namespace):
            authenticator.forget_key(key_id)

    listener = asyncio.create_task(hear(), name="revocations")
    try:
        yield
    finally:
        # Asked, not cancelled: redis-py loses a cancellation, or a socket, that meets it while it
        # connects.
        closing.set()
        await listener
