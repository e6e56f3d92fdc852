"""The worker process as something to start and watch."""

import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from neurocortex.domain.deployments import Tier
from neurocortex.embedded.prefect_api import ApiError, PrefectApi, Worker
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service


class WorkerService:
    """`neurocortex.worker` with the environment it needs."""

    def __init__(self, environment: Mapping[str, str], log: Path, api: PrefectApi) -> None:
        self._environment = environment
        self._log = log
        self._api = api
        self._started = datetime.now(UTC)

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name="worker",
            command=self._command,
            is_ready=self._is_online,
            is_alive=self._is_heard,
            # Its flow runs have some seconds to end; it hands back those that do not.
            stop_signal=signal.SIGTERM,
            log=self._log,
            port=None,
            address="",
        )

    def _command(self) -> Command:
        self._started = datetime.now(UTC)
        return Command(
            argv=(sys.executable, "-m", "neurocortex.worker", *(tier.value for tier in Tier)),
            environment=self._environment,
            log=self._log,
            # Its flow runs die with it; what they did so far is as after a power cut.
            death_signal=signal.SIGKILL,
        )

    def _is_online(self) -> bool:
        """Tell whether all four pools have heard of the worker since this start."""
        try:
            return all(
                any(self._is_fresh(worker) for worker in self._api.workers(tier.value))
                for tier in Tier
            )
        except ApiError:
            return False

    def _is_heard(self, timeout_s: float) -> bool:
        """Tell whether it still gives signs of life; one pool speaks for the process.

        Nobody can say while the server is away, or slow: it gets half of the time.
        """
        try:
            workers = self._api.workers(Tier.CRITICAL.value, timeout_s / 2)
        except ApiError:
            return True
        return any(map(self._is_fresh, workers))

    def _is_fresh(self, worker: Worker) -> bool:
        beat = worker.last_heartbeat_time
        return worker.status == "ONLINE" and beat is not None and beat >= self._started
