"""Worker processes of the tests' own, on the real Prefect server, PostgreSQL and Redis.

Their pools and their ledgers are theirs alone: other tests use the same servers.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import ConcurrencyOptions, FlowRun
from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings
from psycopg import sql
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.embedded import process
from neurocortex.embedded.home import Home
from neurocortex.embedded.postgres import PostgresServer
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.embedded.running import Running, environment_of
from neurocortex.lake.store import Lake
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease
from neurocortex.ledger.wakes import Wakes
from neurocortex.settings import Settings
from neurocortex.worker.preload import MODULES
from neurocortex.worker.worker import NeuroCortexWorker

HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 90.0
"""Of every wait: the machine may be busy."""

LOOK_S: Final = 0.1
STOP_S: Final = 30.0

PRELOADED: Final = ("edited", *(name for name in MODULES if name.startswith("prefect.")))
"""What most workers here preload: all that the product does takes 10 s of processor time each."""

SERVE: Final = """
import asyncio, sys
from prefect.logging.configuration import setup_logging
from neurocortex.worker.serving import serve
setup_logging()
asyncio.run(serve(*(part.split(",") for part in sys.argv[1:])))
"""

EDITED: Final = """
from prefect import flow

@flow(persist_result=True)
def show():
    return "before"
"""
"""A module that a test changes while the workers run."""

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, log: Path | None = None) -> Found:
    """Return what `look` finds, as soon as that is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        tail = process.tail(log, 30) if log else ""
        assert time.monotonic() < deadline, f"It did not happen: {what}.\n{tail}"
        time.sleep(LOOK_S)
    return found


@dataclass
class Worker:
    """A worker process, and the ledger it shares with others of the same Redis."""

    child: Popen[bytes]
    log: Path
    redis_url: str

    def leases(self) -> tuple[Lease, ...]:
        async def read() -> tuple[Lease, ...]:
            async with Redis.from_url(self.redis_url, decode_responses=True) as redis:
                return await Ledger(redis).leases()

        return asyncio.run(read())

    def holds(self) -> set[UUID]:
        """Return the runs that have a lease."""
        return {lease.work for lease in self.leases()}

    def waiting(self) -> Mapping[Tier, int]:
        """Return how many runs wait in each tier, as far as the worker has seen them."""

        async def read() -> Mapping[Tier, int]:
            async with Redis.from_url(self.redis_url, decode_responses=True) as redis:
                return await Allocations(redis).demand({}, time.time())

        return asyncio.run(read())

    def announce(self, pool: str) -> None:
        async def call() -> None:
            async with Redis.from_url(self.redis_url, decode_responses=True) as redis:
                await Wakes(redis).announce(pool)

        asyncio.run(call())

    def stop(self) -> None:
        """End it as `neurocortex down` does."""
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(PATIENCE_S) == 0, process.tail(self.log, 30)

    def kill(self) -> None:
        process.stop(self.child, signal.SIGKILL, STOP_S)


@dataclass
class Platform:
    """The servers, and what tests start on them."""

    client: SyncPrefectClient
    api_url: str
    database_url: str
    folder: Path
    flows: dict[str, UUID] = field(default_factory=dict)

    def until(self, look: Callable[[], Found | None], what: str) -> Found:
        """Return what `look` finds, as soon as that is true."""
        return until(look, what)

    @property
    def code(self) -> Path:
        """A folder of the workers' import path that tests may write to."""
        return self.folder / "code"

    def environment(self, redis_url: str, **worker: float) -> dict[str, str]:
        home = Home(self.folder / "home")
        home.make()
        home.temporary.mkdir(exist_ok=True)
        offered = {"memory_mb": 8192, "poll_s": 0.2, **worker}
        settings = Settings.model_validate({"home": home.folder, "worker": offered})
        running = Running(settings, home, self.api_url, self.database_url, redis_url)
        return {
            **environment_of(running),
            "PYTHONPATH": os.pathsep.join((str(HERE), str(self.code))),
        }

    @contextmanager
    def worker(self, redis_url: str, *pools: str, **settings: float) -> Iterator[Worker]:
        """Start a worker that preloads little, and end it with all it started."""
        argv = (sys.executable, "-c", SERVE, ",".join(pools), ",".join(PRELOADED))
        with self.started(argv, redis_url, **settings) as worker:
            yield worker

    @contextmanager
    def started(self, argv: tuple[str, ...], redis_url: str, **settings: float) -> Iterator[Worker]:
        log = self.folder / f"{uuid4().hex}.log"
        environment = self.environment(redis_url, **settings)
        command = process.Command(argv, environment, log, death_signal=signal.SIGKILL)
        worker = Worker(process.spawn(command), log, redis_url)
        try:
            yield worker
        finally:
            process.stop(worker.child, signal.SIGKILL, STOP_S)

    def make_pool(self, name: str, **changes: object) -> str:
        """Make a pool with the worker's form, in which somebody changed these fields."""
        template = NeuroCortexWorker.get_default_base_job_template()
        template["variables"]["properties"].update(changes)
        pool = WorkPoolCreate(name=name, type="neurocortex", base_job_template=template)
        self.client.create_work_pool(pool)
        return name

    def pause(self, pool: str, *, paused: bool = True) -> None:
        self.client.update_work_pool(pool, WorkPoolUpdate(is_paused=paused))

    def deploy(
        self,
        flow: str,
        pool: str,
        *,
        module: str = "worker_flows",
        entrypoint: str | None = None,
        pull: Sequence[Mapping[str, object]] = (),
        limit: int | None = None,
        options: ConcurrencyOptions | None = None,
        **variables: object,
    ) -> UUID:
        if flow not in self.flows:
            self.flows[flow] = self.client.create_flow_from_name(flow.replace("_", "-"))
        return self.client.create_deployment(
            self.flows[flow],
            name=f"{flow}-{uuid4().hex}",
            entrypoint=entrypoint or f"{module}.{flow}",
            pull_steps=[dict(step) for step in pull],
            work_pool_name=pool,
            concurrency_limit=limit,
            concurrency_options=options,
            parameter_openapi_schema={},
            enforce_parameter_schema=False,
            job_variables=variables,
        )

    def start(self, deployment: UUID, *, tags: Collection[str] = (), **parameters: object) -> UUID:
        """Start a run as a program does, through the API."""
        sent = json.loads(json.dumps(parameters, default=str))
        return self.client.create_flow_run_from_deployment(
            deployment, parameters=sent, tags=tags
        ).id

    def run(self, run: UUID) -> FlowRun:
        return self.client.read_flow_run(run)

    def state(self, run: UUID) -> str:
        return self.run(run).state_name or ""

    def reaches(self, run: UUID, *states: str, log: Path | None = None) -> FlowRun:
        """Wait until a run is in one of these states; another it ends in fails the test."""

        def look() -> FlowRun | None:
            found = self.run(run)
            assert found.state is not None
            if found.state.name in states:
                return found
            assert not found.state.is_final(), f"{found.state.name}: {found.state.message}"
            return None

        return until(look, f"{run} is {' or '.join(states)}", log)

    def message(self, run: UUID) -> str:
        state = self.run(run).state
        assert state is not None
        return state.message or ""

    def result(self, run: UUID) -> object:
        """Wait for a run to complete, and return what its flow returned."""
        state = self.reaches(run, "Completed").state
        assert state is not None
        storage = self.folder / "home" / "prefect" / "storage"
        with temporary_settings(
            {PREFECT_API_URL: self.api_url, PREFECT_LOCAL_STORAGE_PATH: storage}
        ):
            return asyncio.run(state.aresult())

    def past(self, run: UUID) -> list[str]:
        """Return the names of the states a run was in."""
        states = self.client.read_flow_run_states(run)
        return [state.name or "" for state in sorted(states, key=lambda each: each.timestamp)]

    def events(self, run: UUID) -> set[str]:
        """Return the names of the events in which a worker tells of a run."""
        wanted = {
            "event": {"prefix": ["prefect.worker."]},
            "related": {"id": [f"prefect.flow-run.{run}"]},
        }
        answer = self.client.request("POST", "/events/filter", json={"filter": wanted})
        return {event["event"] for event in answer.json()["events"]}

    def logs(self, run: UUID) -> list[str]:
        of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
        return [log.message for log in self.client.read_logs(of_run)]


@pytest.fixture(scope="session")
def platform(
    prefect_server: str, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("worker")
    (folder / "code").mkdir()
    (folder / "code" / "edited.py").write_text(EDITED)
    name = f"worker_{uuid4().hex}"
    database = sql.Identifier(name)
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        with Lake(url := postgres_server.superuser_url(name)) as lake:
            lake.migrate()
        with SyncPrefectClient(prefect_server) as client:
            yield Platform(client, prefect_server, url, folder)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture(scope="session")
def main(platform: Platform, redis_server: RedisServer) -> Iterator[Worker]:
    """A worker with room for several runs, and three pools; the pool `aside` is paused."""
    pools = [platform.make_pool(name) for name in ("main", "aside")]
    pools.append(platform.make_pool("unchecked", cpu={"default": 1}))
    platform.pause("aside")
    with platform.worker(redis_server.url(2), *pools, slots=8) as worker:
        yield worker
        until(lambda: not worker.leases(), "nothing holds a slot any more", worker.log)


@pytest.fixture(scope="session")
def single(platform: Platform, redis_server: RedisServer) -> Iterator[Worker]:
    """A worker that runs one flow at a time."""
    pool = platform.make_pool("single")
    with platform.worker(redis_server.url(3), pool, slots=1) as worker:
        yield worker
        until(lambda: not worker.leases(), "nothing holds a slot any more", worker.log)
