"""The embedded Prefect server: API, background services and UI in one process."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from neurocortex.embedded.ports import HOST
from neurocortex.embedded.prefect_api import LOOPBACK, PrefectApi
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.telemetry import OPT_OUT

ASSETS: Final = Path(__file__).parent / "ui_assets"
"""Logos of our blocks, by the blocks' slugs: the UI shows what an http address leads to."""

GRACE_S: Final = 3
"""How long open requests may go on at shutdown. UI tabs hold web sockets open for ever."""

THROUGHPUT: Final = {
    # As shipped, about 25 task runs a second are recorded and the backlog then grows without
    # bound; with these the server keeps up at 100 a second (measured on 2 cores).
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "200",
    # As shipped, each run that waits for 15 s is marked as Late, at about as much work for the
    # server as its start: behind a queue of 2000 a run of the tier high began 9 to 17 s late. Why
    # a run waits, and for how long still, the worker says on its page after 10 s.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "600",
}
"""Batches in which the server records what runs tell it, and what it need not record at once."""

MESSAGING: Final = {
    "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
    "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
    "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
    "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
}
"""Everything the server would keep in its memory is in Redis: events outlive its crash, and
more servers can join."""


def published(prefect_home: Path) -> Path:
    """Return the folder whose files the server serves below `/neurocortex`."""
    return prefect_home.absolute() / "ui" / "v1" / "neurocortex"


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """One Prefect server: what it stands on, and how it is reached."""

    home: Path
    """PREFECT_HOME."""
    log: Path
    port: int
    database_url: str
    """`postgresql://…` of the database that is Prefect's alone."""
    redis_url: str

    @property
    def url(self) -> str:
        """The UI's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        """What clients set as PREFECT_API_URL."""
        return f"{self.url}/api"

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name="prefect",
            command=self.command,
            is_ready=PrefectApi(self.api_url).is_healthy,
            is_alive=PrefectApi(self.api_url).is_healthy,
            # Uvicorn ends its background services in order, and open requests after GRACE_S.
            stop_signal=signal.SIGTERM,
            log=self.log,
            port=self.port,
            address=self.url,
        )

    def command(self) -> Command:
        """Return what starts it: what `prefect server start` runs, less its command line."""
        options = ("--host", HOST, "--port", str(self.port), "--no-access-log")
        grace = ("--timeout-graceful-shutdown", str(GRACE_S), "--log-level", "warning")
        factory = ("--factory", "prefect.server.api.server:create_app")
        return Command(
            argv=(sys.executable, "-m", "uvicorn", *options, *grace, *factory),
            environment=self.environment(),
            log=self.log,
            # The parent is gone, and so is its wish for a graceful end. Nothing is lost: the
            # server keeps its state in PostgreSQL and Redis.
            death_signal=signal.SIGKILL,
        )

    def publish_assets(self) -> None:
        """Serve our pictures beside the UI's own files; call it once the server is ready.

        The server copies its UI to that folder at its first start, and serves what is there.
        """
        shutil.copytree(ASSETS, published(self.home), dirs_exist_ok=True)

    @property
    def _ui(self) -> Path:
        return self.home.absolute() / "ui"

    def environment(self) -> dict[str, str]:
        """Return the server's environment."""
        return {
            **client_environment(self.home, os.environ),
            **{name: os.environ.get(name, value) for name, value in THROUGHPUT.items()},
            **MESSAGING,
            "PREFECT_API_URL": self.api_url,
            "PREFECT_UI_STATIC_DIRECTORY": str(self._ui),
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.port),
            # Other web sites open in the same browser may not use this API.
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{self.url},http://localhost:{self.port}",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": asyncpg_url(self.database_url),
            "PREFECT_REDIS_MESSAGING_URL": self.redis_url,
            "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL": self.redis_url,
            "PREFECT_SERVER_DOCKET_URL": self.redis_url,
            "PREFECT__SERVER_FINAL": "1",
        }


def client_environment(home: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Prefect keeps everything below `home` and calls nobody.

    The user's own PREFECT_ settings stay, but for those that would lead to another server.

    Args:
        home: PREFECT_HOME.
        inherited: the environment to add to.
    """
    elsewhere = {"PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_API_URL"}
    direct = {*inherited.get("NO_PROXY", inherited.get("no_proxy", "")).split(","), *LOOPBACK}
    no_proxy = ",".join(sorted(host for host in direct if host))
    return {
        **OPT_OUT,
        **{name: value for name, value in inherited.items() if name not in elsewhere},
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PREFECT_HOME": str(home),
        "PREFECT_LOCAL_STORAGE_PATH": str(home / "storage"),
        # Never pickle: results are read by other processes, and by people.
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        # Without an address a client is to fail, not to start a server of its own on SQLite.
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        # What a service says is in its log at once.
        "PYTHONUNBUFFERED": "1",
    }


def asyncpg_url(url: str) -> str:
    """Return a PostgreSQL URL in the dialect of Prefect's database driver.

    The driver calls libpq's `sslmode` `ssl`; their values are the same.
    """
    parts = urlsplit(url)
    query = parts.query.replace("sslmode=", "ssl=")
    return urlunsplit(parts._replace(scheme="postgresql+asyncpg", query=query))
