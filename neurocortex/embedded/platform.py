"""Bring the platform up: the stores, the Prefect server, and what does the work."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from neurocortex.embedded import lane_service, state
from neurocortex.embedded import plan as plans
from neurocortex.embedded.announcement import Announcement
from neurocortex.embedded.gateway_service import GatewayService, address
from neurocortex.embedded.home import Home
from neurocortex.embedded.lane_service import LaneService
from neurocortex.embedded.leftovers import end_leftovers
from neurocortex.embedded.plan import Plan
from neurocortex.embedded.prefect_api import PrefectApi
from neurocortex.embedded.process import Command, tail
from neurocortex.embedded.running import Running, environment_of
from neurocortex.embedded.service import Service
from neurocortex.embedded.supervisor import Show, Supervisor, supervising
from neurocortex.embedded.worker_service import WorkerService
from neurocortex.errors import AlreadyRunningError, ServiceFailedError
from neurocortex.settings import Settings

DEPLOY_MODULE: Final = "deployments"
"""Run as a child process: the core imports no deployment."""

WHEN_READY: Final = "neurocortex.embedded.when_ready"


class ShowSteps(Show, Protocol):
    """Where the start says what it does."""

    def step(self, text: str) -> AbstractContextManager[None]:
        """Show that something goes on while the context lasts, and how long it took."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform, ready, as the process sees it that supervises it."""

    running: Running
    ready_s: float
    """How long the start took."""
    supervisor: Supervisor
    gateway_url: str
    """Where programs and browsers reach the gateway."""

    def run(self, *module: str) -> int:
        """Run a module of ours with its arguments, to the same terminal; return its exit code.

        Raises:
            ServiceFailedError: a service died more often than it may.
            StopRequestedError: somebody asked us to stop.
        """
        return self.supervisor.finish(self.supervisor.begin(_job(self.running, *module)))

    def watch(self) -> None:
        """Watch over the services for ever. Raises as `run`."""
        self.supervisor.watch_until(lambda: False)


@contextmanager
def platform(settings: Settings, show: ShowSteps) -> Iterator[Platform]:
    """Yield the platform, ready; stop it at the end, however that comes.

    Raises:
        AlreadyRunningError: it runs already from this home.
        PortInUseError: a port that was set is held by another process.
        ServiceFailedError: a service did not start.
        ServiceError: an address that was set leads nowhere, or the home cannot be used.
        StopRequestedError: somebody asked us to stop while it started.
    """
    began = time.monotonic()
    home = Home(settings.home.absolute())
    home.make()
    with state.sole_supervisor(home.run) as ours:
        if not ours:
            raise AlreadyRunningError(home.folder)
        for name in end_leftovers(home.run, settings.embedded.stop_timeout_s):
            show.note(f"ended {name}, left behind by an earlier start")
        home.empty_temporary()
        plan = plans.make(settings, home)
        for detour in plans.detours(plan):
            show.note(detour)
        announcement = Announcement(home.run, plan.running.api_url)
        try:
            with supervising(settings.embedded, show, announcement.services) as supervisor:
                try:
                    _bring_up(plan, supervisor, show)
                    announcement.phase("ready")
                    took_s = time.monotonic() - began
                    url = address(settings.gateway.host, plan.gateway_port)
                    yield Platform(plan.running, took_s, supervisor, url)
                finally:
                    announcement.phase("stopping")
                    with show.step("stopping"):
                        supervisor.stop()
        finally:
            announcement.withdraw()


def _bring_up(plan: Plan, supervisor: Supervisor, show: ShowSteps) -> None:
    plans.check_existing(plan)
    _start_stores(plan, supervisor, show)
    running, home = plan.running, plan.running.home
    environment = environment_of(running)
    worker = WorkerService(
        environment, home.turn_over("worker"), PrefectApi(running.api_url)
    ).service()
    lane, *spares = _lanes(running, environment)
    gateway = GatewayService(
        environment,
        home.turn_over("gateway"),
        plan.gateway_port,
        plan.grpc_port,
        running.settings.gateway.host,
    ).service()
    log = home.turn_over("deploy")
    if plan.prefect is not None:
        supervisor.start(plan.prefect.service())
    # All wait for the server; until then they import what they need.
    for service in (worker, lane, gateway):
        supervisor.start(service)
    deploying = supervisor.begin(_job(running, WHEN_READY, DEPLOY_MODULE, log=log))
    if plan.prefect is not None:
        with show.step("Prefect server"):
            supervisor.wait_until_ready(plan.prefect.service().name)
            plan.prefect.publish_assets()
    with show.step("work pools, blocks and deployments"):
        if supervisor.finish(deploying) != 0:
            raise ServiceFailedError("deploy", "failed", log, tail(log))
    with show.step("worker, real-time lane and gateway"):
        supervisor.wait_until_ready(worker.name, lane.name, gateway.name)
    supervisor.restart_what_dies()
    # They are there for the day on which the first one dies: the start does not wait for them.
    for spare in spares:
        supervisor.start(spare)


def _lanes(running: Running, environment: Mapping[str, str]) -> Sequence[Service]:
    others = range(2, running.settings.realtime.processes + 1)
    names = (lane_service.NAME, *(f"{lane_service.NAME}-{number}" for number in others))
    return [
        LaneService(
            environment, running.home.turn_over(name), running.redis_url or "", name
        ).service()
        for name in names
    ]


def _start_stores(plan: Plan, supervisor: Supervisor, show: ShowSteps) -> None:
    if plan.redis is not None:
        supervisor.start(plan.redis.service())  # becomes ready while PostgreSQL starts
    if plan.postgres is not None:
        with show.step("PostgreSQL"):
            plan.postgres.initialise()
            service = plan.postgres.service()
            supervisor.start(service)
            supervisor.wait_until_ready(service.name)
            plan.postgres.prepare()
    if plan.redis is not None:
        with show.step("Redis"):
            supervisor.wait_until_ready(plan.redis.service().name)


def _job(running: Running, *module: str, log: Path | None = None) -> Command:
    return Command(
        argv=(sys.executable, "-m", *module), environment=environment_of(running), log=log
    )
