"""Endpoints asked whether they live, by one process at a time, beside what calls find out.

A check is `GET /models`: it costs nothing. It finds an endpoint that is gone before a call does,
and one that is back sooner. Where it fails nothing: what calls tell is enough without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Final

import httpx
from redis.exceptions import RedisError

from neurocortex.balancing.health import HealthRules, Standing
from neurocortex.balancing.redis_states import Endpoint, RedisStates, opened
from neurocortex.balancing.states import Look
from neurocortex.cancellation import is_cancelled
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.settings import BalancingSettings

CLAIM: Final = 0.9
"""Of a round: who checked an endpoint in this one has no claim to it in the next."""

TRIES: Final = 8
"""Calls may change the same health meanwhile; then one looks again."""

KEY_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

logger = logging.getLogger(__name__)

Read = Callable[[], Awaitable[Mapping[str, LlmProvider]]]
"""Returns the providers there are, by the names of their blocks."""


async def check_for_ever(redis_url: str, chosen: BalancingSettings, providers: Read) -> None:
    """Check every endpoint, and say which there are, round by round; what cannot be written waits
    for the next."""
    async with httpx.AsyncClient() as web, opened(redis_url) as states:
        checks = Checks(web, states, chosen)
        while not is_cancelled():
            try:
                known = await providers()
                await states.name_endpoints(named(known))
                await checks.round(known.values())
            except (RedisError, OSError, TimeoutError) as error:
                logger.debug("Endpoints of LLMs are checked later: %s", error)
            await asyncio.sleep(chosen.check_every_s)


class Checks:
    """Those of one process."""

    def __init__(
        self, web: httpx.AsyncClient, states: RedisStates, chosen: BalancingSettings
    ) -> None:
        self._web = web
        self._states = states
        self._chosen = chosen
        self._rules = HealthRules.of(chosen)

    async def round(self, providers: Iterable[LlmProvider]) -> None:
        """Check each endpoint that nobody else checks in this round, all at once.

        Raises:
            RedisError, OSError, TimeoutError: Redis does not answer.
        """
        groups: dict[LlmEndpoint, list[LlmProvider]] = {}
        for provider in providers:
            for endpoint in provider.endpoints:
                groups.setdefault(endpoint, []).append(provider)
        await asyncio.gather(*(self._check(each, those) for each, those in groups.items()))

    async def _check(self, endpoint: LlmEndpoint, providers: list[LlmProvider]) -> None:
        seconds = CLAIM * self._chosen.check_every_s
        if not await self._states.claim_check(endpoint.name, seconds):
            return
        wrong = await complaint(self._web, endpoint, self._chosen.check_timeout_s)
        names = sorted({each.name for group in providers for each in group.endpoints})
        for _ in range(TRIES):
            look = await self._states.look(names)
            state = look.states[endpoint.name]
            may_eject = all(_has_another(look, group, endpoint) for group in providers)
            after = self._rules.checked(state.health, wrong, look.now, may_eject=may_eject)
            if after == state.health:
                return
            if await self._states.change(endpoint.name, state, after):
                if after.ejected_at > state.health.ejected_at:
                    logger.warning("%s is left out: %s", endpoint.base_url, after.reason)
                return


async def complaint(web: httpx.AsyncClient, endpoint: LlmEndpoint, timeout_s: float) -> str | None:
    """Return why calls of an endpoint would fail, or None where it seems to live."""
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{endpoint.base_url.rstrip('/')}/models"
    try:
        async with asyncio.timeout(timeout_s):
            answer = await web.get(url, headers=headers, timeout=timeout_s)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    if answer.status_code in KEY_REFUSED:
        return "it refuses the API key"
    # Others than 5xx say that it lives: not each endpoint lists its models.
    return f"status {answer.status_code}" if answer.is_server_error else None


def named(providers: Mapping[str, LlmProvider]) -> dict[str, Endpoint]:
    """Return what the names of all endpoints stand for."""
    found: dict[str, Endpoint] = {}
    for block, provider in sorted(providers.items()):
        for each in provider.endpoints:
            before = found[each.name].providers if each.name in found else ()
            found[each.name] = Endpoint(
                providers=(*before, block), base_url=each.base_url, model=each.model
            )
    return found


def _has_another(look: Look, provider: LlmProvider, endpoint: LlmEndpoint) -> bool:
    return any(
        look.states[each.name].health.standing(look.now) is Standing.IN
        for each in provider.endpoints
        if each.name != endpoint.name
    )
