"""`neurocortex keys`, on a real PostgreSQL and Redis."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner, Result

from neurocortex.cli import first_key
from neurocortex.cli.main import app
from neurocortex.errors import ApiKeyNotFoundError
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.keys import read_key
from neurocortex.security.roles import SCOPES, Role, Scope

Keys = Callable[..., Result]


@pytest.fixture
def command(keys_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", keys_url)
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # no run is started

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["keys", *arguments])

    return run


def test_a_key_is_printed_once_and_works(command: Keys, keys: ApiKeys) -> None:
    done = command("create", "--tenant", "acme", "--name", "crawler", "--expires-in", "90d")
    assert done.exit_code == 0, done.output
    shown = read_key(done.stdout.strip())
    assert shown is not None
    kept = keys.find(shown.id)
    assert kept is not None
    assert shown.matches(kept.digest)
    assert (kept.tenant, kept.name, kept.role) == ("acme", "crawler", Role.READER)
    assert kept.scopes == SCOPES[Role.READER]
    assert kept.expires_at is not None
    left = kept.expires_at - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    listed = command("list").output
    assert shown.id in listed
    assert done.stdout.strip() not in listed


def test_a_key_may_be_narrower_than_its_role(command: Keys, keys: ApiKeys) -> None:
    made = json.loads(
        command("create", "--role", "admin", "--scope", "metrics:read", "--json").stdout
    )
    kept = keys.find(made["id"])
    assert kept is not None
    assert kept.scopes == {Scope.METRICS_READ}
    (listed,) = json.loads(command("list", "--json").stdout)
    assert (listed["id"], listed["scopes"], listed["status"]) == (
        made["id"],
        ["metrics:read"],
        "active",
    )
    assert "digest" not in listed


def test_a_revoked_key_is_told_to_gateways(command: Keys, redis_url: str) -> None:
    made = json.loads(command("create", "--json").stdout)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as heard:
        heard.subscribe("neurocortex:security:revoked")
        assert heard.get_message(timeout=5)  # the subscription's own
        done = command("revoke", made["id"])
        message = heard.get_message(timeout=5)
    assert done.output == f"Revoked {made['id']}; gateways were told.\n"
    assert message is not None
    assert message["data"].decode() == made["id"]
    assert json.loads(command("list", "--json").stdout)[0]["status"] == "revoked"


def test_without_redis_a_key_is_revoked_all_the_same(
    command: Keys, keys: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(command("create", "--json").stdout)
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", "redis://127.0.0.1:9/0")
    done = command("revoke", made["id"])
    assert "Redis does not answer; gateways notice within 5 s" in done.output
    kept = keys.find(made["id"])
    assert kept is not None
    assert kept.revoked_at is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--role", "root"], "Roles: reader, operator, admin"),
        (["--scope", "keys:admin"], "no scope keys:admin"),
        (["--scope", "everything"], "Scopes: answers:read"),
        (["--tenant", "a b"], "tenant"),
        (["--expires-in", "soon"], "no duration"),
        (["--expires-in", "999999w"], "year 9999"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    arguments: list[str], said: str, command: Keys, keys: ApiKeys
) -> None:
    done = command("create", *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
    assert keys.list() == ()


def test_an_unknown_id_is_an_error(command: Keys) -> None:
    assert isinstance(command("revoke", "nobody00").exception, ApiKeyNotFoundError)


def test_no_keys_at_all(command: Keys, keys: ApiKeys) -> None:
    assert "neurocortex keys create" in command("list").output


def test_the_first_key_is_printed_the_first_time_only(
    command: Keys,
    keys: ApiKeys,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    first_key.main()
    printed = capsys.readouterr().out.split()[-1]
    assert read_key(printed) is not None
    first_key.main()
    assert capsys.readouterr().out == ""


def test_no_key_is_printed_where_the_output_may_be_kept(
    command: Keys, keys: ApiKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    first_key.main()
    assert "neurocortex keys create" in capsys.readouterr().out
    assert keys.list() == ()
    command("create", "--tenant", "acme")
    capsys.readouterr()
    first_key.main()
    assert capsys.readouterr().out == ""
