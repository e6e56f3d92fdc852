"""A gateway and a lane as processes, over the real services, with pipelines of the tests' own."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import httpx
import pytest

from neurocortex.embedded import ports, process
from neurocortex.embedded.gateway_service import GatewayService
from neurocortex.embedded.process import Command
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATIENCE_S = 60.0
STOP_S = 15.0

RECEIVE_S = 1.0
"""A request must have come in after so long."""

REDIS_DATABASE = 7
"""Other tests empty theirs."""

SERVED = ("slow", "counted", "failing", "flowing", "talking", "embedding", "ranking")

PIPELINES = (
    "flows.pipelines.echo",
    *(f"tests.integration.gateway.served.{name}" for name in SERVED),
)


@dataclass
class Gateway:
    """One that runs, and keys for it."""

    port: int
    grpc_port: int
    admin: str
    """Key of an admin of the tenant acme."""
    reader: str
    """Key of a reader of acme."""
    stranger: str
    """Key of an operator of another tenant."""
    child: Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    def client(self, key: str | None = None, timeout_s: float = 30.0) -> httpx.Client:
        """Return a client that shows a key, the admin's unless told otherwise."""
        shown = self.admin if key is None else key
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout_s, trust_env=False)


@pytest.fixture(scope="session")
def gateway_database(make_lake_database: Callable[[], str]) -> str:
    """A database with the Lake's tables, for all gateways of these tests."""
    return make_lake_database()


@pytest.fixture(scope="session")
def gateway(
    gateway_database: str,
    redis_server: RedisServer,
    prefect_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """A gateway with a lane, which the tests share."""
    folder = tmp_path_factory.mktemp("gateway")
    redis_url = redis_server.url(REDIS_DATABASE)
    with running(folder, gateway_database, redis_url, prefect_server) as started:
        yield started


@contextmanager
def running(
    folder: Path,
    database_url: str,
    redis_url: str,
    api_url: str,
    more: Mapping[str, str] | None = None,
    *,
    with_lane: bool = True,
) -> Iterator[Gateway]:
    """Start a gateway and a lane, wait until both serve, and stop them at the end."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PREFECT_API_URL": api_url,
        "NEUROCORTEX_HOME": str(folder),
        "NEUROCORTEX_DATABASE_URL": database_url,
        "NEUROCORTEX_REDIS_URL": redis_url,
        "NEUROCORTEX_GATEWAY__PIPELINES": json.dumps(PIPELINES),
        "NEUROCORTEX_STREAM__HANDLERS": '["tests.integration.gateway.served.hearing"]',
        "NEUROCORTEX_ADMISSION__SHED_ABOVE": "1",  # the machine may be busy with other tests
        "NEUROCORTEX_GATEWAY__RECEIVE_TIMEOUT_S": str(RECEIVE_S),
        "NEUROCORTEX_RATES__PER_S": "10000",
        "NEUROCORTEX_RATES__TENANT_PER_S": "10000",
        **(more or {}),
    }
    port, grpc_port = ports.free(), ports.free()
    service = GatewayService(environment, folder / "gateway.log", port, grpc_port).service()
    children = [process.spawn(service.command())]
    if with_lane:
        argv = (sys.executable, str(HERE / "lane.py"), uuid4().hex)
        children.append(process.spawn(Command(argv, environment, folder / "lane.log")))
    try:
        started = Gateway(
            port=port,
            grpc_port=grpc_port,
            admin=_key(database_url, Role.ADMIN, "acme"),
            reader=_key(database_url, Role.READER, "acme"),
            stranger=_key(database_url, Role.OPERATOR, "other"),
            child=children[0],
            log=service.log,
        )
        until(service.is_ready, service.log, children[0])
        if with_lane:
            with started.client(timeout_s=PATIENCE_S) as client:
                answer = client.post("/v1/requests", json={"operation": "echo"})
            assert answer.status_code == 200, answer.text + process.tail(folder / "lane.log")
        yield started
    finally:
        for child in children:
            process.stop(child, signal.SIGTERM, STOP_S)


def until(is_so: Callable[[], bool], log: Path, child: Popen[bytes] | None = None) -> None:
    """Wait until something holds; fail with the log's end when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert child is None or child.poll() is None, process.tail(log, 40)
        assert time.monotonic() < deadline, process.tail(log, 40)
        time.sleep(process.POLL_S)


def _key(database_url: str, role: Role, tenant: str) -> str:
    grant = KeyGrant(tenant=tenant, role=role, scopes=SCOPES[role], name="a test's")
    with ApiKeys(database_url) as keys:
        return keys.create(grant).text.get_secret_value()
