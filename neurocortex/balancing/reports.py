"""What people are shown of the endpoints."""

from collections.abc import Mapping

import httpx
from pydantic import BaseModel, ConfigDict

from neurocortex.balancing.checks import complaint
from neurocortex.balancing.health import Health, Standing
from neurocortex.balancing.states import State, States
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider


class EndpointReport(BaseModel):
    """One endpoint of one provider."""

    model_config = ConfigDict(frozen=True)

    provider: str
    """Name of the LLM Provider block."""
    base_url: str
    model: str
    region: str | None
    standing: Standing
    left_s: float | None
    """Until its ejection or pause ends; None: it has none."""
    reason: str
    """Why it is out or paused; empty: it is not."""
    in_flight: int
    failed_checks: int
    """In a row."""
    complaint: str | None = None
    """What a check just now found wrong."""


async def reports(
    providers: Mapping[str, LlmProvider], states: States, check_timeout_s: float | None
) -> list[EndpointReport]:
    """Return how all endpoints stand.

    Args:
        providers: by the names of their blocks.
        states: where their health is kept.
        check_timeout_s: call each as well, for so long; None: only say what is known.

    Raises:
        RedisError, OSError, TimeoutError: Redis does not answer.
    """
    found = []
    async with httpx.AsyncClient() as web:
        for name, provider in providers.items():
            look = await states.look([each.name for each in provider.endpoints])
            for endpoint in provider.endpoints:
                told = _report(name, endpoint, look.states[endpoint.name], look.now)
                if check_timeout_s is not None:
                    wrong = await complaint(web, endpoint, check_timeout_s)
                    told = told.model_copy(update={"complaint": wrong})
                found.append(told)
    return found


def _report(provider: str, endpoint: LlmEndpoint, state: State, now: float) -> EndpointReport:
    health = state.health
    standing = health.standing(now)
    is_fine = standing is Standing.IN
    return EndpointReport(
        provider=provider,
        base_url=endpoint.base_url,
        model=endpoint.model,
        region=endpoint.region,
        standing=standing,
        left_s=None if is_fine else _left_s(health, standing, now),
        reason="" if is_fine else health.reason,
        in_flight=state.in_flight,
        failed_checks=health.failed_checks,
    )


def _left_s(health: Health, standing: Standing, now: float) -> float:
    until = health.paused_until if standing is Standing.PAUSED else health.ejected_until
    return max(0.0, until - now)
