"""PostgreSQL's data folder: made in one step, and never guessed about."""

from pathlib import Path

import psycopg
import pytest

from neurocortex.embedded.ports import free
from neurocortex.embedded.postgres import PostgresServer
from neurocortex.errors import ServiceFailedError


@pytest.fixture
def server(tmp_path: Path) -> PostgresServer:
    return PostgresServer(
        data=tmp_path / "data",
        log=tmp_path / "log",
        port=free(),
        superuser_password="super",
        owner_password="owner",
    )


def test_what_an_interrupted_start_left_is_made_anew(server: PostgresServer) -> None:
    half = server.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (half.with_suffix(".password")).write_text("old")
    server.initialise()
    assert (server.data / "PG_VERSION").read_text().strip() == "18"
    assert [path.name for path in server.data.parent.iterdir() if "data" in path.name] == ["data"]


def test_data_of_another_major_version_is_not_touched(server: PostgresServer) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceFailedError, match="holds data of PostgreSQL 12"):
        server.initialise()
    assert [path.name for path in server.data.iterdir()] == ["PG_VERSION"]


def test_no_password_is_left_in_a_file(server: PostgresServer) -> None:
    server.initialise()
    files = [path for path in server.data.parent.iterdir() if path.is_file()]
    assert [path.name for path in files] == ["log"]
    assert "super" not in server.log.read_text().split()


def test_passwords_that_were_lost_are_explained(postgres_server: PostgresServer) -> None:
    stranger = PostgresServer(
        data=postgres_server.data,
        log=postgres_server.log,
        port=postgres_server.port,
        superuser_password="another",
        owner_password="another",
    )
    with pytest.raises(ServiceFailedError, match=r"credentials\.json"):
        stranger.is_ready()


def test_preparing_it_again_changes_nothing(postgres_server: PostgresServer) -> None:
    postgres_server.prepare()
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.info.user == "neurocortex"
