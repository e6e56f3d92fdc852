"""What the platform starts, who may look at it, and how it takes the death of a part."""

import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from neurocortex.domain.deployments import Tier
from neurocortex.embedded import credentials
from neurocortex.embedded.ports import HOST
from neurocortex.embedded.prefect_api import PrefectApi
from neurocortex.embedded.running import environment_of

if TYPE_CHECKING:
    from tests.acceptance.conftest import Platform

SERVICES = ["redis", "postgres", "prefect", "worker", "lane", "gateway", "lane-2"]
STATELESS = ["prefect", "worker", "lane", "gateway"]
ANSWER_TIMEOUT_S = 10.0

Until = Callable[[Callable[[], bool], float], None]


def test_all_services_run_and_every_pool_has_its_worker(platform: "Platform") -> None:
    assert [record.name for record in platform.state.services] == SERVICES
    api = PrefectApi(platform.api_url)
    for tier in Tier:
        assert "ONLINE" in [worker.status for worker in api.workers(tier.value)]


def test_everything_listens_on_this_machine_only(platform: "Platform") -> None:
    listening = {
        address.laddr[0].removeprefix("::ffff:")  # IPv4, on a socket that could speak IPv6 too
        for process in platform.family()
        for address in process.net_connections()
        if address.status == psutil.CONN_LISTEN
    }
    assert listening == {HOST}


def test_no_password_is_in_a_command_line_or_a_log(platform: "Platform") -> None:
    known = credentials.read(platform.home.folder)
    assert known is not None
    secrets = [secret.get_secret_value() for secret in (known.superuser, known.owner, known.redis)]
    said = "".join(" ".join(process.cmdline()) for process in platform.family())
    said += "".join(log.read_text() for log in platform.home.logs.iterdir())
    said += platform.output.read_text()
    assert not any(secret in said for secret in secrets)


def test_others_cannot_look_into_what_the_platform_keeps(platform: "Platform") -> None:
    home = platform.home
    kept = (home.postgres, home.redis, home.prefect, home.run, home.logs, home.temporary)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE((home.folder / credentials.FILE).stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(home.folder.stat().st_mode) & 0o066 == 0


def test_the_platforms_database_has_its_extensions_and_no_rights_beyond_it(
    platform: "Platform",
) -> None:
    with psycopg.connect(platform.running.database_url or "") as connection:
        found = connection.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall()
        assert ("vector",) in found
        rights = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert rights == (False,)
        encoding = connection.execute("SHOW server_encoding").fetchone()
        assert encoding == ("UTF8",)


def test_a_wrong_password_is_refused(platform: "Platform") -> None:
    port = platform.service("postgres").port
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://neurocortex:wrong@{HOST}:{port}/neurocortex")
    with (
        redis.Redis(
            port=platform.service("redis").port or 0, retry=Retry(NoBackoff(), 0)
        ) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_another_command_finds_the_platform(platform: "Platform") -> None:
    environment = environment_of(platform.running)
    with redis.Redis.from_url(environment["NEUROCORTEX_REDIS_URL"]) as client:
        assert client.ping()
    with psycopg.connect(environment["NEUROCORTEX_DATABASE_URL"]) as connection:
        assert connection.info.dbname == "neurocortex"
    assert PrefectApi(environment["PREFECT_API_URL"]).is_healthy()
    assert environment["PREFECT_HOME"] == str(platform.home.prefect)
    assert environment["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"
    assert environment["DO_NOT_TRACK"] == "1"


@pytest.mark.parametrize("name", STATELESS)
def test_a_killed_service_comes_back_in_its_place(
    platform: "Platform", until: Until, name: str
) -> None:
    before, after = platform.kill_and_wait(name)
    assert (after.port, after.restarts) == (before.port, before.restarts + 1)
    assert after.pid != before.pid
    until(PrefectApi(platform.api_url).is_healthy, ANSWER_TIMEOUT_S)


def test_killed_stores_come_back_in_their_place_with_what_was_written(
    platform: "Platform",
) -> None:
    running = platform.running
    with psycopg.connect(running.database_url or "", autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with redis.Redis.from_url(running.redis_url or "") as client:
        client.set("kept", "7")
    for name in ("redis", "postgres"):
        before, after = platform.kill_and_wait(name)
        assert (after.port, after.restarts) == (before.port, before.restarts + 1)
        assert after.pid != before.pid
    with psycopg.connect(running.database_url or "") as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
    with redis.Redis.from_url(running.redis_url or "", decode_responses=True) as client:
        assert client.get("kept") == "7"
