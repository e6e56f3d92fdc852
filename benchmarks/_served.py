"""A gateway over PostgreSQL, Redis and lane processes, without Prefect's server.

Requests of the real-time lane need no Prefect; without it a start is short and the machine quiet.
"""

import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

import psutil
from redis import Redis

from benchmarks._platform import OURS, ROOT
from benchmarks._postgres import postgres, say
from neurocortex.embedded import ports, process
from neurocortex.embedded.gateway_service import GatewayService
from neurocortex.embedded.process import Command
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
from neurocortex.lake.store import Lake
from neurocortex.realtime import layout
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that answers."""

    url: str
    redis_url: str
    database_url: str
    gateway: psutil.Process
    lanes: Sequence[psutil.Process]
    redis: psutil.Process

    def headers(self, tenant: str) -> Mapping[str, str]:
        """Return what an admin of a tenant sends with each request."""
        grant = KeyGrant(tenant=tenant, role=Role.ADMIN, scopes=SCOPES[Role.ADMIN], name=tenant)
        with ApiKeys(self.database_url) as keys:
            key = keys.create(grant).text.get_secret_value()
        return {"Authorization": f"Bearer {key}"}


@contextmanager
def served(
    pipelines: Sequence[str], more: Mapping[str, str] | None = None, lanes: int = 1
) -> Iterator[Served]:
    """Yield a gateway of these pipelines' modules, ready; gone afterwards.

    Args:
        pipelines: modules with a PIPELINE each.
        more: settings of the gateway and the lane, as variables of the environment.
        lanes: processes of the real-time lane.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="neurocortex-")))
        database_url = stack.enter_context(postgres())
        with Lake(database_url) as lake:
            lake.migrate()
        redis = RedisServer(
            folder / "redis", folder / "redis.log", ports.free(), secrets.token_hex(8)
        )
        say("starting Redis, the lane and the gateway")
        redis_process = stack.enter_context(_child(redis.command()))
        _wait(redis.is_ready, redis.log)
        redis_url = redis.url(PLATFORM_DATABASE)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "PYTHONPATH": str(ROOT),
            # Nobody is there: only requests of the standard lane would notice.
            "PREFECT_API_URL": f"http://{ports.HOST}:{ports.free()}/api",
            "NEUROCORTEX_HOME": str(folder),
            "NEUROCORTEX_DATABASE_URL": database_url,
            "NEUROCORTEX_REDIS_URL": redis_url,
            "NEUROCORTEX_GATEWAY__PIPELINES": json.dumps(list(pipelines)),
            **(more or {}),
        }
        log = folder / "lane.log"
        argv = (sys.executable, "-m", "benchmarks._lane_process", redis_url)
        names = [f"lane-{number}" for number in range(lanes)]
        started = [
            stack.enter_context(
                _child(Command((*argv, name, ",".join(pipelines)), environment, log))
            )
            for name in names
        ]
        gateway = GatewayService(
            environment, folder / "gateway.log", ports.free(), ports.free()
        ).service()
        child = stack.enter_context(_child(gateway.command()))
        with Redis.from_url(redis_url) as client:
            signs = [f"{layout.NAMESPACE}:{layout.alive(name)}" for name in names]
            _wait(lambda: client.exists(*signs) == lanes, log)
        _wait(gateway.is_ready, gateway.log)
        yield Served(
            url=gateway.address,
            redis_url=redis_url,
            database_url=database_url,
            gateway=psutil.Process(child.pid),
            lanes=[psutil.Process(each.pid) for each in started],
            redis=psutil.Process(redis_process.pid),
        )


@contextmanager
def _child(command: Command) -> Iterator[Popen[bytes]]:
    child = process.spawn(command)
    try:
        yield child
    finally:
        process.stop(child, signal.SIGTERM, STOP_TIMEOUT_S)


def _wait(is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if time.monotonic() > deadline:
            sys.exit(f"It did not start:\n{process.tail(log)}")
        time.sleep(process.POLL_S)
