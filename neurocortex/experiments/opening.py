"""Experiments opened at the platform's addresses."""

from contextlib import AbstractAsyncContextManager

from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.store import ExperimentTable
from neurocortex.settings import Settings
from neurocortex.snapshots import opening


def opened(
    redis_url: str | None, database_url: str | None
) -> AbstractAsyncContextManager[Experiments]:
    """Give the experiments of a platform, for one event loop.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    return opening.opened(redis_url, database_url, ExperimentTable, Experiments)


def of_settings(settings: Settings) -> AbstractAsyncContextManager[Experiments]:
    """Give the experiments of the platform that the settings name. Raises as `opened`."""
    return opened(*opening.addresses(settings))
