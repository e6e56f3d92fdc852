"""The whole platform: what it starts, and how it takes the death of a part."""

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from neurocortex.domain.deployments import Tier
from neurocortex.embedded import credentials, state
from neurocortex.embedded.ports import HOST
from neurocortex.embedded.prefect_api import PrefectApi
from neurocortex.embedded.running import environment_of

if TYPE_CHECKING:
    from tests.integration.embedded.conftest import Up

STOP_TIMEOUT_S = 30.0
SERVICES = ["redis", "postgres", "prefect", "worker", "lane", "gateway", "lane-2"]


def test_all_services_run_and_every_pool_has_its_worker(up: "Up") -> None:
    assert [record.name for record in up.state.services] == SERVICES
    api = PrefectApi(up.running().api_url)
    for tier in Tier:
        assert [worker.status for worker in api.workers(tier.value)] == ["ONLINE"]


def test_status_shows_them(up: "Up") -> None:
    shown = up.command.run("status")
    assert shown.returncode == 0, shown.stderr
    assert f"The platform is ready. Prefect UI: {up.state.ui_url}" in shown.stdout
    lines = [line.split() for line in shown.stdout.splitlines()]
    for record in up.state.services:
        assert [record.name, str(record.pid)] in [line[:2] for line in lines]
    assert [line[-1] for line in lines if line and line[0] in set(Tier)] == ["online"] * 4


def test_a_second_up_says_what_runs_and_starts_nothing(up: "Up") -> None:
    before = up.state
    again = up.command.run("up")
    assert again.returncode == 0, again.stderr
    assert f"Already running from {up.command.home.folder}" in again.stdout
    assert up.state.ui_url in again.stdout
    assert up.state == before


def test_everything_listens_on_this_machine_only(up: "Up") -> None:
    listening = {
        address.laddr[0].removeprefix("::ffff:")  # IPv4, on a socket that could speak IPv6 too
        for process in up.family()
        for address in process.net_connections()
        if address.status == psutil.CONN_LISTEN
    }
    assert listening == {HOST}


def test_no_password_is_in_a_command_line_or_a_log(up: "Up") -> None:
    known = credentials.read(up.command.home.folder)
    assert known is not None
    secrets = [secret.get_secret_value() for secret in (known.superuser, known.owner, known.redis)]
    said = "".join(" ".join(process.cmdline()) for process in up.family())
    said += "".join(log.read_text() for log in up.command.home.logs.iterdir())
    said += up.command.output.read_text()
    assert not any(secret in said for secret in secrets)


def test_others_cannot_look_into_the_home_folder(up: "Up") -> None:
    home = up.command.home
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.folder.iterdir()}
    assert modes.pop("first-run-done") & 0o111 == 0
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(home.folder.stat().st_mode) & 0o066 == 0


def test_the_platforms_database_has_its_extensions_and_no_rights_beyond_it(up: "Up") -> None:
    with psycopg.connect(up.running().database_url or "") as connection:
        found = connection.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall()
        assert ("vector",) in found
        rights = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert rights == (False,)
        encoding = connection.execute("SHOW server_encoding").fetchone()
        assert encoding == ("UTF8",)


def test_a_wrong_password_is_refused(up: "Up") -> None:
    port = up.service("postgres").port
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://neurocortex:wrong@{HOST}:{port}/neurocortex")
    with (
        redis.Redis(port=up.service("redis").port or 0, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_another_command_finds_the_platform(up: "Up") -> None:
    environment = environment_of(up.running())
    with redis.Redis.from_url(environment["NEUROCORTEX_REDIS_URL"]) as client:
        assert client.ping()
    with psycopg.connect(environment["NEUROCORTEX_DATABASE_URL"]) as connection:
        assert connection.info.dbname == "neurocortex"
    assert PrefectApi(environment["PREFECT_API_URL"]).is_healthy()
    assert environment["PREFECT_HOME"] == str(up.command.home.prefect)
    assert environment["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"
    assert environment["DO_NOT_TRACK"] == "1"


def test_a_person_can_add_a_document_and_ask_it(up: "Up", tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The boiler is serviced every second October by the firm Kessel and Sons.")
    (tmp_path / "empty.txt").touch()
    added = up.command.run("ingest", str(tmp_path), "--collection", "house")
    assert added.returncode == 0, added.stderr
    assert "Collection house: 1 documents added, 0 replaced, 0 unchanged" in added.stdout
    assert re.search(r"empty\.txt +empty ", added.stdout)  # refused, and why
    assert f"{up.state.ui_url}/runs/flow-run/" in added.stdout

    asked = up.command.run("ask", "Who services the boiler?", "--collection", "house")
    assert asked.returncode == 0, asked.stderr
    assert "Kessel and Sons" in asked.stdout
    assert f"[1] {note}" in asked.stdout


def test_a_run_that_fails_says_why_and_where_to_look(up: "Up") -> None:
    asked = up.command.run("ask", "Who?", "--collection", "nowhere", "--tier", "critical")
    assert asked.returncode == 1
    assert "There is no collection 'nowhere'" in asked.stderr
    assert f"See {up.state.ui_url}/runs/flow-run/" in asked.stderr
    assert "Traceback" not in asked.stderr


@pytest.mark.parametrize("name", SERVICES[:-1])
def test_a_killed_service_comes_back_in_its_place(up: "Up", name: str) -> None:
    before = up.service(name)
    up.kill_and_wait(name)
    after = up.service(name)
    assert (after.port, after.restarts) == (before.port, before.restarts + 1)
    assert after.pid != before.pid
    assert PrefectApi(up.running().api_url).is_healthy()


def test_what_was_written_outlives_the_stores(up: "Up") -> None:
    running = up.running()
    with psycopg.connect(running.database_url or "", autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with redis.Redis.from_url(running.redis_url or "") as client:
        client.set("kept", "7")
    up.kill_and_wait("redis")
    up.kill_and_wait("postgres")
    with psycopg.connect(running.database_url or "") as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
    with redis.Redis.from_url(running.redis_url or "", decode_responses=True) as client:
        assert client.get("kept") == "7"


def test_nothing_is_left_of_a_killed_platform_and_the_next_start_works(up: "Up") -> None:
    command, family = up.command, up.family()
    assert len(family) > 5
    up.supervisor.kill()
    _, left = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
    assert left == []
    assert command.run("status").returncode == 1
    assert state.read(command.home.run) is not None  # stale now

    with command.up() as second:
        family = second.family()
        down = command.run("down")
        assert down.returncode == 0, down.stderr
        assert (
            down.stdout == "· Stopped: redis, postgres, prefect, worker, lane, gateway, lane-2.\n"
        )
        assert psutil.wait_procs(family, timeout=1)[1] == []
        assert state.read(command.home.run) is None
    assert command.run("down").stdout.startswith("· Nothing runs from")
