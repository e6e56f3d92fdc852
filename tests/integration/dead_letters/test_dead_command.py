"""`neurocortex dead`, on a real PostgreSQL and a real Prefect server."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Completed, Failed
from typer.testing import CliRunner, Result

from neurocortex.cli.main import app
from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import DeadLetterNotFoundError, NotReplayableError, RunError

MakeLetter = Callable[..., DeadLetter]


class Dead(Protocol):
    """Runs `neurocortex dead` with these arguments."""

    def __call__(self, *arguments: str) -> Result: ...


@flow(name="count")
def count(n: int) -> None:
    """Do nothing: its runs are made, never run."""


@pytest.fixture
def dead(
    letters_url: str,
    prefect_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Dead:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", letters_url)
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["dead", *arguments])

    return run


@pytest.fixture
def client(prefect_api: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as made:
        yield made


@pytest.fixture
def fail(
    client: SyncPrefectClient, letters: DeadLetters, make_letter: MakeLetter
) -> Callable[[], UUID]:
    """Make a run that failed, with its letter; return its id."""
    deployment = client.create_deployment(client.create_flow(count), f"test-{uuid4().hex}")

    def make() -> UUID:
        run = client.create_flow_run_from_deployment(deployment, parameters={"n": 1})
        client.set_flow_run_state(run.id, Failed(message="no"), force=True)
        letters.record(make_letter(run.id))
        return run.id

    return make


def test_letters_are_listed(dead: Dead, letters: DeadLetters, make_letter: MakeLetter) -> None:
    assert dead("list").output == "No run failed for good.\n"
    old = make_letter(tier="high", created=datetime.now(UTC) - timedelta(days=3))
    young = make_letter()
    for letter in (old, young):
        letters.record(letter)
    lines = dead("list").output.splitlines()
    assert " ".join(lines[0].split()) == "run when tier flow state attempts error replayed"
    assert [line.split()[0] for line in lines[1:]] == [str(young.flow_run), str(old.flow_run)]
    assert "ValueError" in lines[1]
    assert str(old.flow_run) not in dead("list", "--since", "1d").output
    assert str(young.flow_run) not in dead("list", "--tier", "high").output
    assert [each["flow_run"] for each in json.loads(dead("list", "--json").output)] == [
        str(young.flow_run),
        str(old.flow_run),
    ]


def test_a_letter_is_shown(dead: Dead, letters: DeadLetters, make_letter: MakeLetter) -> None:
    letter = make_letter()
    letters.record(letter)
    shown = dead("show", str(letter.flow_run))
    assert shown.exit_code == 0
    for part in ("count/nightly", "acme", "encountered an exception: ValueError", '"größer"'):
        assert part in shown.output
    as_json = dead("show", str(letter.flow_run), "--json").output
    assert DeadLetter.model_validate_json(as_json) == letter
    assert isinstance(dead("show", str(uuid4())).exception, DeadLetterNotFoundError)


def test_a_run_is_replayed_once(dead: Dead, letters: DeadLetters, fail: Callable[[], UUID]) -> None:
    run = fail()
    first = dead("replay", str(run))
    assert first.exit_code == 0, first.output
    made = letters.get(run).replayed_as
    assert made is not None
    assert f"is replayed as {made}" in first.output
    second = dead("replay", str(run))
    assert second.exit_code == 0
    assert f"was replayed before as {made}" in second.output
    assert "--again" in second.output
    assert "is replayed as" in dead("replay", str(run), "--again").output
    assert letters.get(run).replayed_as != made
    assert " yes" in dead("list").output


def test_waiting_ends_as_the_new_run_does(
    dead: Dead, letters: DeadLetters, fail: Callable[[], UUID], client: SyncPrefectClient
) -> None:
    run = fail()
    dead("replay", str(run))
    made = letters.get(run).replayed_as
    assert made is not None
    client.set_flow_run_state(made, Failed(message="no again"), force=True)
    failed = dead("replay", str(run), "--wait")
    assert isinstance(failed.exception, RunError)
    assert "no again" in str(failed.exception)
    client.set_flow_run_state(made, Completed(), force=True)
    assert dead("replay", str(run), "--wait").exit_code == 0


def test_all_that_can_be_are_replayed_each_run_once(
    dead: Dead, letters: DeadLetters, fail: Callable[[], UUID], make_letter: MakeLetter
) -> None:
    runs = [fail(), fail()]
    letters.record(make_letter(runs[0], attempts=2))  # it died twice
    gone = make_letter(flow="other")
    letters.record(gone)
    done = dead("replay", "--all", "--flow", "count")
    assert done.exit_code == 0, done.output
    assert "2 of 2 runs started again." in done.output
    assert all(letters.get(run).replayed_as for run in runs)
    rest = dead("replay", "--all", "--flow", "other")
    assert f"The run {gone.flow_run} cannot be replayed: somebody deleted it" in rest.output
    assert "0 of 1 runs started again." in rest.output
    assert isinstance(dead("replay", str(gone.flow_run)).exception, NotReplayableError)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all", "6b4d7a0e-0000-4000-8000-000000000000"],
        ["--all", "--again"],
        ["--all", "--wait"],
        ["6b4d7a0e-0000-4000-8000-000000000000", "--tier", "low"],
    ],
)
def test_options_that_do_not_go_together_are_refused(dead: Dead, arguments: list[str]) -> None:
    assert dead("replay", *arguments).exit_code == 2
