"""Rollouts opened at the platform's addresses."""

from contextlib import AbstractAsyncContextManager

from neurocortex.rollout.rollouts import Rollouts
from neurocortex.rollout.store import RolloutTable
from neurocortex.settings import Settings
from neurocortex.snapshots import opening


def opened(
    redis_url: str | None, database_url: str | None
) -> AbstractAsyncContextManager[Rollouts]:
    """Give the rollouts of a platform, for one event loop.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    return opening.opened(redis_url, database_url, RolloutTable, Rollouts)


def of_settings(settings: Settings) -> AbstractAsyncContextManager[Rollouts]:
    """Give the rollouts of the platform that the settings name. Raises as `opened`."""
    return opened(*opening.addresses(settings))
