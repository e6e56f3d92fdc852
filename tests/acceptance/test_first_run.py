"""The first minutes with the product, command by command, as the README tells them."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psutil
import pytest

from neurocortex.cli.main import app
from neurocortex.domain.deployments import INGEST, Tier, answer, etl
from neurocortex.settings import MASK, load

if TYPE_CHECKING:
    from tests.acceptance.conftest import FirstRun, Platform, User

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text()
DOCS = len(list((REPOSITORY / "docs").rglob("*.md")))
RUN_URL = re.compile(r"· (\S+): (http://127\.0\.0\.1:\d+/runs/flow-run/([0-9a-f-]{36}))")
FOUR_TIERS = "There are four priority tiers: critical, high, medium and low."

Until = Callable[[Callable[[], bool], float], None]
ProcessesOf = Callable[[Path], list[psutil.Process]]


def failed(done: CompletedProcess[str]) -> str:
    """Return the one message of a command that failed as commands should."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


# --- where nothing is set


def test_up_once_does_the_main_job_prints_it_and_leaves_nothing(first: "FirstRun") -> None:
    done = first.done
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert FOUR_TIERS in done.stdout
    assert f"[1] {REPOSITORY / 'docs' / 'concepts.md'}" in done.stdout
    assert f"Collection documents: {DOCS} documents added, 0 replaced" in done.stdout
    assert "178 of 178 rows loaded into data.wine, 0 in quarantine" in done.stdout
    started = [deployment for deployment, _, _ in RUN_URL.findall(done.stdout)]
    assert started == [INGEST, answer(Tier.HIGH), etl("wine")]
    assert first.processes == []
    assert first.home_directory == []
    assert first.folder == [".neurocortex"]


def test_ctrl_c_during_the_start_leaves_nothing(
    new_user: "User", tmp_path: Path, until: Until, processes_of: ProcessesOf
) -> None:
    output = tmp_path / "output"
    process = new_user.start(output, "up", "--once")
    until(lambda: "PostgreSQL" in output.read_text(), 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1, "--once did not do its job"
    assert "Traceback" not in output.read_text()
    assert processes_of(new_user.folder) == []


@pytest.mark.parametrize("command", [("ask", "Why?"), ("ingest", "."), ("deploy",), ("status",)])
def test_without_a_platform_a_command_says_how_to_start_one(
    new_user: "User", command: tuple[str, ...]
) -> None:
    assert "Start the platform with `neurocortex up`" in failed(new_user.run(*command))


# --- the README's commands, on a platform that runs


def test_a_later_up_starts_the_services_only_and_shows_the_first_runs(
    first: "FirstRun", platform: "Platform", api: httpx.Client
) -> None:
    said = platform.output.read_text()
    assert RUN_URL.search(said) is None, "the main job is done"
    assert f"Prefect UI: {platform.state.ui_url}" in said
    for _, url, run in RUN_URL.findall(first.done.stdout):
        assert api.get(f"/flow_runs/{UUID(run)}").json()["state"]["type"] == "COMPLETED"
        page = httpx.get(
            platform.state.ui_url + urlsplit(url).path,
            trust_env=False,
            headers={"Accept": "text/html"},
        )
        assert (page.status_code, "<html" in page.text) == (200, True), "as a browser asks"


def test_the_readmes_table_names_every_command() -> None:
    named = re.findall(r"^\| `neurocortex (\w+)", README, re.MULTILINE)
    groups = [group.name for group in app.registered_groups if group.name]
    assert sorted(named) == sorted(
        [
            *groups,
            *(
                command.name or command.callback.__name__
                for command in app.registered_commands
                if command.callback is not None
            ),
        ]
    )


def test_tiers_shows_how_the_slots_are_shared(platform: "Platform") -> None:
    shown = platform.run("tiers").stdout
    assert re.search(r"\d+ of \d+ slots in use, 1 workers\.", shown)
    assert [line.split()[0] for line in shown.splitlines()[3:7]] == [tier.value for tier in Tier]


def test_explain_says_why_a_run_does_not_start(platform: "Platform", api: httpx.Client) -> None:
    deployment = api.get(f"/deployments/name/{etl('wine')}").json()["id"]
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    later = {"type": "SCHEDULED", "state_details": {"scheduled_time": in_an_hour}}
    run = api.post(f"/deployments/{deployment}/create_flow_run", json={"state": later}).json()
    assert "It is not due before" in platform.run("explain", run["id"]).stdout
    assert "It is not due before" in platform.run("explain", run["name"]).stdout
    api.delete(f"/flow_runs/{run['id']}")
    assert "no run has that id or name" in failed(platform.run("explain", run["id"]))


@pytest.fixture(scope="module")
def papers(platform: "Platform") -> Path:
    """`~/papers`, of which the README's examples speak."""
    folder = platform.user.home_directory / "papers"
    folder.mkdir()
    (folder / "trial.md").write_text(
        "# A trial\n\nThe vaccine BNT162b2 was tested in 43,548 people in six countries.\n"
    )
    (folder / "weather.txt").write_text("It rained in Lisbon for most of that week in November.\n")
    (folder / "blank.txt").write_text("")
    return folder


def test_the_readmes_shell_commands_do_what_it_says(platform: "Platform", papers: Path) -> None:
    lines = [line for line in README.splitlines() if line.startswith(".venv/bin/neurocortex ")]
    assert [shlex.split(line)[1] for line in lines] == ["ingest", "ask"]
    commands = [
        line.replace(
            ".venv/bin/neurocortex", shlex.quote(f"{Path(sys.executable).parent}/neurocortex")
        )
        for line in lines
    ]

    ingested = platform.user.shell("/bin/sh", "-c", commands[0])
    asked = platform.user.shell("/bin/sh", "-c", commands[1])

    assert ingested.returncode == 0, ingested.stderr
    assert "Collection papers: 2 documents added" in ingested.stdout
    refused = [line.split() for line in ingested.stdout.splitlines() if "blank.txt" in line]
    assert refused[-1][:2] == [str(papers / "blank.txt"), "empty"]
    assert asked.returncode == 0, asked.stderr
    assert "The vaccine BNT162b2 was tested" in asked.stdout
    assert "(quoted from a source)" in asked.stdout
    assert f"[1] {papers / 'trial.md'}, A trial" in asked.stdout


@pytest.mark.usefixtures("papers")
def test_the_readmes_python_example_runs(platform: "Platform") -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found is not None
    program = f"{found.group(1)}\nprint(run.state.type.value)\n"
    done = platform.user.shell(
        sys.executable, "-c", program, settings={"PREFECT_API_URL": platform.api_url}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "COMPLETED"


def test_when_everything_is_refused_the_command_fails_and_says_why(
    platform: "Platform", papers: Path
) -> None:
    message = failed(platform.run("ingest", str(papers / "blank.txt"), "--collection", "papers"))
    assert "Nothing was ingested" in message
    assert "blank.txt: the file is empty" in message
    assert f"See {platform.state.ui_url}/runs/flow-run/" in message


def test_an_empty_question_is_refused_in_words(platform: "Platform") -> None:
    assert "The question is empty" in failed(platform.run("ask", ""))


def test_a_run_that_fails_says_why_and_where_to_look(platform: "Platform") -> None:
    asked = platform.run("ask", "Why?", "--collection", "nowhere", "--tier", "critical")
    message = failed(asked)
    assert "There is no collection 'nowhere'. Existing collections: documents" in message
    assert f"See {platform.state.ui_url}/runs/flow-run/" in message


def test_status_shows_services_and_workers(platform: "Platform") -> None:
    shown = platform.run("status")
    assert shown.returncode == 0, shown.stderr
    assert f"The platform is ready. Prefect UI: {platform.state.ui_url}" in shown.stdout
    lines = [line.split() for line in shown.stdout.splitlines()]
    for record in platform.state.services:
        assert [record.name, str(record.pid)] in [line[:2] for line in lines]
    assert [line[-1] for line in lines if line and line[0] in set(Tier)] == ["online"] * 4


def test_a_second_up_says_what_runs_and_starts_nothing(platform: "Platform") -> None:
    before = platform.state
    again = platform.run("up")
    assert again.returncode == 0, again.stderr
    assert f"Already running from {platform.home.folder}" in again.stdout
    assert before.ui_url in again.stdout
    assert platform.state == before


def test_settings_are_shown_with_their_origin_and_secrets_masked(platform: "Platform") -> None:
    shown = platform.run("settings", settings={"NEUROCORTEX_LLM__API_KEY": "sk-very-secret"})
    assert shown.returncode == 0, shown.stderr
    home = next(line for line in shown.stdout.splitlines() if line.startswith("NEUROCORTEX_HOME "))
    assert home.split()[1:3] == [str(platform.home.folder), "environment"]
    assert MASK in shown.stdout
    assert "sk-very-secret" not in shown.stdout


def test_settings_as_json_lists_every_setting(platform: "Platform") -> None:
    shown = json.loads(platform.run("settings", "--json").stdout)
    assert [entry["variable"] for entry in shown] == [entry.variable for entry in load().entries()]
    assert all(entry["description"] for entry in shown)


def test_a_wrong_setting_stops_a_command_with_what_is_allowed(platform: "Platform") -> None:
    message = failed(platform.run("status", settings={"NEUROCORTEX_TIERS__LOW": "many"}))
    assert "NEUROCORTEX_TIERS__LOW = 'many' (from environment)" in message
    assert "integer" in message


def test_doctor_finds_this_machine_fit(platform: "Platform") -> None:
    examined = platform.run("doctor")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    levels = {line.split()[0] for line in examined.stdout.splitlines()}
    assert levels <= {"ok", "warn"}
    assert "ok" in levels


def test_deploying_again_leaves_a_paused_schedule_paused(
    platform: "Platform", api: httpx.Client
) -> None:
    wine = api.get(f"/deployments/name/{etl('wine')}").json()
    (schedule,) = wine["schedules"]
    paused = api.patch(
        f"/deployments/{wine['id']}/schedules/{schedule['id']}", json={"active": False}
    )
    assert paused.is_success

    again = platform.run("deploy")

    assert again.returncode == 0, again.stderr
    assert "deployment run-etl/wine on medium" in again.stdout
    (schedule,) = api.get(f"/deployments/name/{etl('wine')}").json()["schedules"]
    assert schedule["active"] is False
