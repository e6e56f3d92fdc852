"""A window of the real-time lane's work as a task run, so that people see it in Prefect's UI."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import httpx
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from neurocortex.realtime.windows import Totals, Window

API_TIMEOUT_S: Final = 2.0
"""A server that has not answered by then is away."""

logger = logging.getLogger(__name__)


@task(name="window", task_run_name="{title}", cache_policy=NO_CACHE, persist_result=False)
def publish_window(title: str, window: Window) -> Window:  # noqa: ARG001 - the run's name
    """Log what each operation did; the task run's name says the sum."""
    run_log = get_run_logger()
    for each in window.operations:
        failures = ", ".join(f"{count} {code}" for code, count in each.failures.items())
        run_log.info(
            "%s: %d requests, p50 %.1f ms, p99 %.1f ms, failures: %s",
            each.operation,
            each.requests,
            each.p50_ms,
            each.p99_ms,
            failures or "none",
        )
    run_log.info(
        "%d cancelled, %d taken over from processes that died, %d in flight",
        window.cancelled,
        window.taken_over,
        window.in_flight,
    )
    return window


def title_of(window: Window, skipped: int) -> str:
    """Return one line about a window; `skipped` windows before it could not be published."""
    slowest = max((each.p99_ms for each in window.operations), default=0.0)
    parts = [
        f"{window.start:%H:%M:%S}",
        f"{window.requests} requests",
        f"p99 {slowest:.0f} ms",
        f"{window.failures} failed",
    ]
    if skipped:
        parts.append(f"{skipped} windows before it were not recorded")
    return ", ".join(parts)


class Recording:
    """Turns what a lane does into task runs."""

    def __init__(self, take: Callable[[], Window | None], window_s: float) -> None:
        """Record what `take` returns, every so many seconds; None: nothing happened."""
        self._take = take
        self._window_s = window_s
        self.skipped = 0
        """Windows since the last one that Prefect took."""
        self.totals = Totals()

    async def run(self) -> None:
        """Record for ever."""
        while True:
            await asyncio.sleep(self._window_s)
            await self.record()

    async def record(self) -> None:
        """Record a window if anything happened in it, and the server is there to take it."""
        window = self._take()
        if window is None:
            return
        self.totals = self.totals.with_window(window)
        if not await api_answers():
            self.skipped += 1
            return
        try:
            # In a thread: Prefect's engine takes milliseconds, in which others would wait.
            await asyncio.to_thread(publish_window, title_of(window, self.skipped), window)
        except httpx.HTTPError as error:
            self.skipped += 1
            logger.warning("A window is not recorded: %s", error)
        else:
            self.skipped = 0


async def api_answers() -> bool:
    """Return whether Prefect's server is there."""
    try:
        async with asyncio.timeout(API_TIMEOUT_S), get_client() as client:
            return await client.api_healthcheck() is None
    except (httpx.HTTPError, TimeoutError):
        return False
