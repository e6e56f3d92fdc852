"""A gateway that takes batches, and flow runs of them: in this process, or in one to be killed."""

import asyncio
import base64
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from flows.run_batch import run_batch
from neurocortex.embedded import process
from neurocortex.embedded.process import Command
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.opening import opened
from neurocortex.settings import settings
from tests.integration.batches import run_process
from tests.integration.batches.receiver import KEY, Receiver, receiving
from tests.integration.gateway.conftest import Gateway, gateway_database, running

__all__ = ["gateway_database"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATIENCE_S = 60.0

T = TypeVar("T")

REDIS_DATABASE = 9
"""Other tests empty theirs."""

PIPELINES = (
    "flows.pipelines.echo",
    "tests.integration.batches.noting",
    "tests.integration.gateway.served.failing",
    "tests.integration.gateway.served.flowing",
)

MAX_ITEMS = 300

ATTEMPTS = 3
"""Of a webhook."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Prefect 3.8 leaves the client open by which it reads where results are kept by default; it
    # is found unclosed during whatever test runs then.
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@dataclass
class Platform:
    """A gateway without a worker: tests start the flow runs."""

    gateway: Gateway
    client: SyncPrefectClient
    environment: dict[str, str]
    receiver: Receiver
    notes: Path

    def run(self, flow_run: str) -> None:
        """Do what a worker's process does, in this one."""
        asyncio.run(run_process.main([flow_run]))

    @contextmanager
    def running(self, *flow_runs: str) -> Iterator[Popen[bytes]]:
        """Do it in a process of its own, several at once."""
        argv = (sys.executable, str(HERE / "run_process.py"), *flow_runs)
        log = self.notes.parent / "run.log"
        child = process.spawn(Command(argv, {**os.environ, "PYTHONPATH": str(ROOT)}, log))
        try:
            yield child
        finally:
            process.stop(child, signal.SIGKILL, PATIENCE_S)

    def experiments(self, work: Callable[[Experiments], Awaitable[T]]) -> T:
        """Do something with the platform's experiments."""

        async def work_opened() -> T:
            redis, database = (
                self.environment[f"NEUROCORTEX_{name}_URL"] for name in ("REDIS", "DATABASE")
            )
            async with opened(redis, database) as found:
                return await work(found)

        return asyncio.run(work_opened())

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def environment(
    gateway_database: str,
    redis_server: RedisServer,
    prefect_server: str,
    receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("batches")
    return {
        "NEUROCORTEX_HOME": str(folder),
        "NEUROCORTEX_DATABASE_URL": gateway_database,
        "NEUROCORTEX_REDIS_URL": redis_server.url(REDIS_DATABASE),
        "NEUROCORTEX_GATEWAY__PIPELINES": json.dumps(PIPELINES),
        "NEUROCORTEX_BATCHES__MAX_ITEMS": str(MAX_ITEMS),
        "NEUROCORTEX_WEBHOOKS__ORIGINS": json.dumps([receiver.url]),
        "NEUROCORTEX_WEBHOOKS__SIGNING_KEY": f"whsec_{base64.b64encode(KEY).decode()}",
        "NEUROCORTEX_WEBHOOKS__MAX_ATTEMPTS": str(ATTEMPTS),
        "NEUROCORTEX_WEBHOOKS__FIRST_DELAY_S": "0.05",
        "PREFECT_API_URL": prefect_server,
        "PREFECT_LOCAL_STORAGE_PATH": str(folder / "results"),
    }


@pytest.fixture(scope="session")
def batch_gateway(environment: dict[str, str]) -> Iterator[Gateway]:
    """A gateway, and the deployment of run-batch on a pool that no worker serves."""
    with SyncPrefectClient(api=environment["PREFECT_API_URL"]) as client:
        pool = f"pool-{uuid4().hex}"
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        client.create_deployment(
            flow_id=client.create_flow(run_batch), name="run-batch-low", work_pool_name=pool
        )
    folder = Path(environment["NEUROCORTEX_HOME"])
    database, redis = environment["NEUROCORTEX_DATABASE_URL"], environment["NEUROCORTEX_REDIS_URL"]
    api = environment["PREFECT_API_URL"]
    with running(folder, database, redis, api, environment, with_lane=False) as gateway:
        yield gateway


@pytest.fixture
def platform(
    batch_gateway: Gateway,
    environment: dict[str, str],
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Platform]:
    notes = tmp_path / "notes"
    for name, value in {**environment, "BATCH_NOTES": str(notes)}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    api, storage = environment["PREFECT_API_URL"], environment["PREFECT_LOCAL_STORAGE_PATH"]
    with (
        temporary_settings({PREFECT_API_URL: api, PREFECT_LOCAL_STORAGE_PATH: storage}),
        SyncPrefectClient(api=api) as client,
    ):
        yield Platform(batch_gateway, client, environment, receiver, notes)
        APILogWorker.drain_all(timeout=5)


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    with platform.gateway.client() as client:
        yield client


def lines(*items: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def send(
    client: httpx.Client, body: bytes, key: str | None = None, webhook: str | None = None
) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key is not None else {}
    params = {"webhook": webhook} if webhook is not None else {}
    answer = client.post("/v1/batches", content=body, headers=headers, params=params)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/batches/{found['id']}"
    return found


def look(client: httpx.Client, batch: str, wait_s: float = 0) -> dict[str, Any]:
    answer = client.get(f"/v1/batches/{batch}", params={"wait": wait_s})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def results(client: httpx.Client, batch: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/batches/{batch}/results")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"It did not happen: {what}."
        time.sleep(0.05)
