"""Real services for the tests: each started once for the whole run, in a temporary folder."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import psutil
import psycopg
import pytest
import redis
from psycopg import sql

from neurocortex.embedded import ports, process
from neurocortex.embedded.postgres import PREFECT_DATABASE, PostgresServer
from neurocortex.embedded.prefect_server import PrefectServer
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
from neurocortex.embedded.redis_server import PREFECT_DATABASE as PREFECT_REDIS_DATABASE
from neurocortex.embedded.service import Service
from neurocortex.lake.store import Lake

HERE = Path(__file__).parent
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 10.0
TEMPLATE = "template_neurocortex"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def services_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services")


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[PostgresServer]:
    """A real PostgreSQL, set up as the platform's own is."""
    server = PostgresServer(
        data=services_folder / "postgres",
        log=services_folder / "postgres.log",
        port=ports.free(),
        superuser_password="superuser-of-the-tests",
        owner_password="owner-of-the-tests",
    )
    server.initialise()
    with _running(server.service()):
        server.prepare()
        with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
            # Nobody reads this one after a power failure; what is about those has a `mortal`.
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(
                    sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name))
                )
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        with psycopg.connect(server.superuser_url(TEMPLATE), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        yield server


@pytest.fixture(scope="session")
def lake_template(postgres_server: PostgresServer) -> str:
    """Name of a database in which the Lake's migrations were run: a copy of it takes 0.1 s."""
    name = "template_lake"
    _create(postgres_server, name, TEMPLATE)
    with Lake(postgres_server.superuser_url(name)) as lake:
        lake.migrate()
    return name


@pytest.fixture(scope="session")
def make_lake_database(postgres_server: PostgresServer, lake_template: str) -> Callable[[], str]:
    """Make a database with the Lake's tables, all empty; it lasts as long as the server."""

    def make() -> str:
        _create(postgres_server, name := f"lake_{uuid4().hex}", lake_template)
        return postgres_server.superuser_url(name)

    return make


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """Superuser URL of the tests' PostgreSQL."""
    return postgres_server.superuser_url()


@pytest.fixture
def database_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a fresh, empty database with vector; gone after the test.

    For a test that asks for a `lake` the Lake's tables are there, so that its migrations, of
    which a hundred tests would run all, have nothing to do.
    """
    wants_lake = "lake" in request.fixturenames
    template = request.getfixturevalue("lake_template") if wants_lake else TEMPLATE
    _create(postgres_server, name := f"test_{uuid4().hex}", template)
    yield postgres_server.superuser_url(name)
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _create(server: PostgresServer, database: str, template: str) -> None:
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )


@pytest.fixture(scope="session")
def redis_server(services_folder: Path) -> Iterator[RedisServer]:
    """A real Redis."""
    server = RedisServer(
        data=services_folder / "redis",
        log=services_folder / "redis.log",
        port=ports.free(),
        password="redis-of-the-tests",
    )
    with _running(server.service()):
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> Iterator[str]:
    """URL of an empty Redis database; emptied again after the test."""
    url = redis_server.url(PLATFORM_DATABASE)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def prefect_server(
    services_folder: Path, postgres_server: PostgresServer, redis_server: RedisServer
) -> Iterator[str]:
    """API URL of a real Prefect server on the tests' PostgreSQL and Redis."""
    server = PrefectServer(
        home=services_folder / "prefect",
        log=services_folder / "prefect.log",
        port=ports.free(),
        database_url=postgres_server.url(PREFECT_DATABASE),
        redis_url=redis_server.url(PREFECT_REDIS_DATABASE),
    )
    with _running(server.service()):
        yield server.api_url


@dataclass
class MortalServer:
    """A PostgreSQL of the test's own, to be killed."""

    server: PostgresServer
    children: list[Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.children.append(process.spawn(self.server.service().command()))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.server.is_ready():
            assert time.monotonic() < deadline, process.tail(self.server.log)
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power failure would: every process at once, nothing written."""
        child = self.children[-1]
        everything = [psutil.Process(child.pid), *process.descendants(child.pid)]
        for each in everything:
            each.send_signal(signal.SIGKILL)
        child.wait()
        psutil.wait_procs(everything, timeout=10)

    def stop(self) -> None:
        if self.children[-1].poll() is None:
            process.stop(self.children[-1], signal.SIGINT, 10)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MortalServer]:
    """A PostgreSQL that nobody else uses, set up as the platform's own is."""
    server = PostgresServer(
        data=tmp_path / "postgres",
        log=tmp_path / "postgres.log",
        port=ports.free(),
        superuser_password="superuser-of-the-test",
        owner_password="owner-of-the-test",
    )
    server.initialise()
    mortal = MortalServer(server)
    mortal.start()
    server.prepare()
    yield mortal
    mortal.stop()


class MortalRedis:
    """A Redis of the test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(folder / "data", folder / "log", ports.free(), "of-the-test")
        self.url = self.server.url(PLATFORM_DATABASE)
        self.start()

    def start(self) -> None:
        self.child: Popen[bytes] = process.spawn(self.server.service().command())
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while not self.server.is_ready():
            assert time.monotonic() < deadline, process.tail(self.server.log)
            time.sleep(process.POLL_S)

    def kill(self) -> None:
        process.stop(self.child, signal.SIGKILL, STOP_TIMEOUT_S)


@pytest.fixture
def mortal_redis(tmp_path: Path) -> Iterator[MortalRedis]:
    redis = MortalRedis(tmp_path)
    yield redis
    redis.kill()


@contextmanager
def _running(service: Service) -> Iterator[None]:
    child = process.spawn(service.command())
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not service.is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{service.name} did not start:\n{process.tail(service.log)}")
            time.sleep(process.POLL_S)
        yield
    finally:
        process.stop(child, service.stop_signal, STOP_TIMEOUT_S)
