"""`neurocortex events`, on a real Redis."""

import asyncio
import json
from pathlib import Path

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from neurocortex.cli.main import app
from neurocortex.settings import StreamSettings
from neurocortex.stream.stream import EventStream


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")  # events need it not
    return CliRunner()


def _events(cli: CliRunner, *arguments: str) -> Result:
    return cli.invoke(app, ["events", *arguments])


def _set_all_aside(redis_url: str) -> None:
    async def run() -> None:
        async with Redis.from_url(redis_url) as redis:
            stream = EventStream(redis, StreamSettings())
            await stream.join()
            for delivery in await stream.next("me", 10, 0.01):
                await stream.set_aside(delivery, "failed", "no such street")

    asyncio.run(run())


def test_an_event_is_sent_kept_listed_and_replayed(cli: CliRunner, redis_url: str) -> None:
    sent = _events(cli, "send", "moved", "--data", '{"to": "Bern"}', "--id", "7")
    assert (sent.exit_code, sent.output) == (0, "sent: 7\n")
    assert _events(cli, "send", "moved", "--id", "7").output == "was sent before: 7\n"
    assert _events(cli, "kept").output == "Every event was handled.\n"

    _set_all_aside(redis_url)
    assert "no such street" in _events(cli, "kept").output
    (line,) = _events(cli, "kept", "--type", "moved", "--json").output.splitlines()
    kept = json.loads(line)
    assert kept["event"]["data"] == {"to": "Bern"}
    assert _events(cli, "kept", "--type", "born", "--json").output == ""

    assert _events(cli, "replay", kept["entry"]).output == "1 event is handled again\n"
    assert _events(cli, "replay", kept["entry"]).exit_code == 2
    _set_all_aside(redis_url)
    assert _events(cli, "replay", "--all").output == "1 event is handled again\n"
    _set_all_aside(redis_url)
    assert _events(cli, "replay", "--type", "moved").output == "1 event is handled again\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send", "moved", "--data", "{"), "--data is no JSON"),
        (("replay",), "give an entry, --type or --all"),
        (("replay", "1-1", "--all"), "give an entry, --type or --all"),
    ],
)
def test_wrong_usage_is_explained(cli: CliRunner, arguments: tuple[str, ...], said: str) -> None:
    result = _events(cli, *arguments)
    assert result.exit_code == 2
    assert said in result.output
