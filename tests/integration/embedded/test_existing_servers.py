"""Settings that point at existing servers: nothing is started for them, and each is checked."""

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from neurocortex.embedded import external
from neurocortex.embedded.ports import HOST
from neurocortex.embedded.postgres import PLATFORM_DATABASE, PostgresServer
from neurocortex.embedded.prefect_server import asyncpg_url
from neurocortex.errors import ServiceError

if TYPE_CHECKING:
    from tests.integration.embedded.conftest import Command

NOBODYS_PORT = 1


def test_nothing_is_started_for_what_exists(
    command: "Command", database_url: str, redis_url: str, prefect_server: str
) -> None:
    command.environment |= {
        "NEUROCORTEX_DATABASE_URL": database_url,
        "NEUROCORTEX_REDIS_URL": redis_url,
        "PREFECT_API_URL": prefect_server,
    }
    with command.up() as started:
        assert [record.name for record in started.state.services] == [
            *("worker", "lane", "gateway", "lane-2")
        ]
        assert started.state.api_url == prefect_server
        running = command.run("status")
        assert running.returncode == 0
    assert not command.home.postgres.exists()


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("NEUROCORTEX_DATABASE_URL", f"postgresql://u:hunter2@127.0.0.1:{NOBODYS_PORT}/d"),
        ("NEUROCORTEX_REDIS_URL", f"redis://:hunter2@127.0.0.1:{NOBODYS_PORT}"),
        ("PREFECT_API_URL", f"http://127.0.0.1:{NOBODYS_PORT}/api"),
    ],
)
def test_an_address_that_leads_nowhere_is_named_with_its_setting(
    command: "Command", variable: str, url: str
) -> None:
    command.environment[variable] = url
    command.skip_main_job()
    refused = command.run("up")
    assert refused.returncode == 1
    assert variable in refused.stderr
    assert "unset the setting to use the embedded one" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_prefects_database_is_made_beside_an_existing_one(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"prefect_{uuid4().hex}"
    monkeypatch.setattr(external, "PREFECT_DATABASE", name)
    external.make_prefect_database(postgres_server.superuser_url())
    external.make_prefect_database(postgres_server.superuser_url())  # now it is there
    with psycopg.connect(postgres_server.superuser_url(name)) as connection:
        assert connection.info.dbname == name


def test_the_address_of_prefects_database_keeps_what_else_was_said() -> None:
    url = external.prefect_database_url("postgresql+psycopg://u:p@h:1/nc?sslmode=require")
    assert url == "postgresql+psycopg://u:p@h:1/prefect?sslmode=require"
    assert asyncpg_url(url) == "postgresql+asyncpg://u:p@h:1/prefect?ssl=require"


def test_a_role_that_may_not_make_prefects_database_is_told_how_to(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "PREFECT_DATABASE", f"prefect_{uuid4().hex}")
    role = f"role_{uuid4().hex}"
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(sql.Identifier(role))
        )
    url = f"postgresql://{role}:plain@{HOST}:{postgres_server.port}/postgres"
    with pytest.raises(ServiceError, match="CREATE DATABASE"):
        external.make_prefect_database(url)


def test_a_postgres_without_the_extensions_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {PLATFORM_DATABASE: ("vector", "no_such_extension")}
    monkeypatch.setattr(external, "EXTENSIONS", wanted)
    with pytest.raises(ServiceError, match="lacks no_such_extension"):
        external.check_database(postgres_url)
