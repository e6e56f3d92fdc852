"""PostgreSQL's data folder: made in one step, and never guessed about."""

import os
import signal
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from neurocortex.embedded import binaries, process
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


@pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="needs root, and Linux' capabilities"
)
@pytest.mark.parametrize("outer_mode", [0o711, 0o700])
def test_as_root_it_runs_with_no_more_rights_than_it_needs(outer_mode: int) -> None:
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer)
        folder.chmod(outer_mode)  # 0o700 as /root has: the server's account cannot enter it
        server = PostgresServer(
            data=folder / "data",
            log=folder / "log",
            port=free(),
            superuser_password="super",
            owner_password="owner",
        )
        server.initialise()
        child = process.spawn(server.command())
        try:
            while not server.is_ready():
                assert child.poll() is None, server.log.read_text()
            status = Path(f"/proc/{child.pid}/status").read_text()
        finally:
            process.stop(child, signal.SIGINT, timeout_s=10)
        assert folder.stat().st_mode & 0o777 == outer_mode
    said = dict(line.split(":\t", 1) for line in status.splitlines())
    assert "0" not in said["Uid"].split()
    held = int(said["CapEff"], 16)
    assert said["CapPrm"] == said["CapEff"]
    if outer_mode == 0o711 and _others_may_run(binaries.postgres("postgres")):
        assert held == 0
    else:
        assert held in {1 << 1, 1 << 2}  # CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH


def _others_may_run(program: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (program, *program.parents))
