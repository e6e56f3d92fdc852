"""`neurocortex cache`, on a real Redis and without one."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neurocortex.cache.addresses import Address
from neurocortex.cache.keys import Key
from neurocortex.cache.process import ProcessCache, open_results
from neurocortex.cli.main import run
from neurocortex.settings import load, settings

KEY = Key("acme", "summaries", "17")
NOBODY = "redis://127.0.0.1:9/0"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def neurocortex(
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Runs the command on this test's Redis; returns its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    settings.cache_clear()

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["neurocortex", "cache", *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out, printed.err

    return command


@pytest.fixture
def process(neurocortex: Command, redis_url: str) -> Iterator[ProcessCache]:
    """A process with an entry in its cache, read once."""
    process = ProcessCache(lambda: open_results(load().settings, redis_url, 3.0))
    address = Address(KEY, 60.0, ("document 17",))
    process.call(lambda results: results.write(address, b'{"text": "short"}'))
    assert process.call(lambda results: results.read(KEY))
    yield process
    process.close()


def test_a_value_is_printed(neurocortex: Command, process: ProcessCache) -> None:
    code, out, _ = neurocortex("get", "acme:summaries:17")
    assert code == 0
    assert json.loads(out) == {"text": "short"}


def test_a_key_that_is_not_there_is_named(neurocortex: Command) -> None:
    code, out, err = neurocortex("get", "acme:summaries:18")
    assert (code, out) == (1, "")
    assert "acme:summaries:18" in err


def test_what_is_no_key_is_said_with_the_form_of_one(neurocortex: Command) -> None:
    code, _, err = neurocortex("explain", "summaries")
    assert code == 1
    assert "TENANT:NAMESPACE:DIGEST" in err


@pytest.mark.parametrize(
    "order",
    [
        ["invalidate", "--tenant", "acme", "--tag", "document 17"],
        ["invalidate", "--tenant", "acme", "--pattern", "summaries:*"],
        ["invalidate", "--key", "acme:summaries:17"],
        ["clear", "--tenant", "acme"],
    ],
)
def test_what_is_invalidated_is_gone_for_every_process(
    neurocortex: Command, process: ProcessCache, order: list[str]
) -> None:
    code, out, _ = neurocortex(*order)
    assert code == 0
    assert "acme" in out
    process.call(lambda results: results.cache.catch_up())
    assert process.call(lambda results: results.read(KEY)) is None


def test_other_tenants_and_tags_stay(neurocortex: Command, process: ProcessCache) -> None:
    assert neurocortex("invalidate", "--tag", "document 17")[0] == 0  # of tenant `default`
    assert neurocortex("clear", "--tenant", "other")[0] == 0
    process.call(lambda results: results.cache.catch_up())
    assert process.call(lambda results: results.read(KEY))


def test_an_entry_is_explained_and_then_what_ended_it(
    neurocortex: Command, process: ProcessCache
) -> None:
    before = json.loads(neurocortex("explain", "acme:summaries:17", "--json")[1])
    assert "redis" in [copy["level"] for copy in before["copies"]]
    assert all(copy["tags"] == ["document 17"] for copy in before["copies"])
    assert all(50 < copy["fresh_s"] <= 60 for copy in before["copies"])
    assert not any(copy["ended"] for copy in before["copies"])

    neurocortex("invalidate", "--tenant", "acme", "--tag", "document 17")
    after = json.loads(neurocortex("explain", "acme:summaries:17", "--json")[1])
    marks = [ended["mark"] for copy in after["copies"] for ended in copy["ended"]]
    assert marks
    assert set(marks) == {"tag:acme:document 17"}

    shown = neurocortex("explain", "acme:summaries:17")[1]
    assert "tag:acme:document 17 was invalidated at" in shown


def test_the_levels_are_counted_over_all_processes(
    neurocortex: Command, process: ProcessCache
) -> None:
    process.close()  # adds its last counts
    counted = json.loads(neurocortex("stats", "--json")[1])["levels"]
    assert counted["memory"]["hits"] == 1
    assert counted["redis"]["fills"] == 1
    shown = neurocortex("stats")[1]
    assert [line.split()[0] for line in shown.splitlines()] == ["level", "memory", "redis", "disk"]


@pytest.mark.parametrize(
    "order",
    [
        ["stats"],
        ["get", "acme:summaries:17"],
        ["explain", "acme:summaries:17"],
        ["invalidate", "--tag", "a"],
        ["clear", "--tenant", "acme"],
    ],
)
def test_without_redis_each_says_so_and_does_nothing(
    neurocortex: Command, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", NOBODY)
    code, out, err = neurocortex(*order)
    assert (code, out) == (1, "")
    assert "redis" in err
    assert "Traceback" not in err
