"""The command line without a platform: help, usage, errors."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurocortex.cli.ingest import absolute
from neurocortex.cli.main import app, run
from neurocortex.embedded import state
from neurocortex.embedded.home import Home
from neurocortex.settings import load

COMMANDS = (
    *("up", "down", "status", "deploy", "ingest", "ask", "settings", "doctor"),
    *(
        "worker",
        "gateway",
        "tiers",
        "explain",
        "dead",
        "events",
        "experiments",
        "cache",
        "keys",
        "models",
        "quality",
    ),
    *("choices", "lake", "quarantine", "backup", "privacy", "providers", "pipelines"),
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where nothing is set and nothing runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli() -> CliRunner:
    return CliRunner()


def neurocortex(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command as its entry point does, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["neurocortex", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code or 0


def test_the_help_names_every_command(cli: CliRunner) -> None:
    shown = cli.invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert all(f"  {name} " in shown.output for name in COMMANDS)
    assert "..." not in shown.output.partition("Commands:")[2]  # no line is cut off


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(cli: CliRunner, command: str) -> None:
    shown = cli.invoke(app, [command, "-h"])
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 5


def test_the_help_needs_no_heavy_import() -> None:
    code = (
        "import sys; sys.argv = ['neurocortex', '--help']\n"
        "from neurocortex.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('prefect', 'pandas', 'sqlalchemy', 'pydantic_settings')"
        " if name in sys.modules])"
    )
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - began < 5  # 0.15 s on an idle machine


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", "why?", "--tier", "low"],
        ["ingest"],
        ["nonsense"],
        ["up", "--once", "--corpus", "/nowhere"],
        ["settings", "--xml"],
        ["dead", "list", "--since", "soon"],
        ["dead", "show", "no-id"],
        ["dead", "replay"],
        ["cache", "clear"],
        ["cache", "invalidate"],
        ["cache", "invalidate", "--tag", "a", "--key", "a:b:c"],
    ],
)
def test_a_usage_error_is_exit_code_2(cli: CliRunner, arguments: list[str]) -> None:
    assert cli.invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["status"], ["ask", "why?"], ["ingest", "a.txt"], ["deploy"], ["dead", "list"]]
)
def test_without_a_platform_the_message_says_how_to_start_one(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurocortex(monkeypatch, *arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "The platform is not running. Start the platform with `neurocortex up`,"
        " or set PREFECT_API_URL to the address of an existing one.\n"
    )


def test_an_error_of_ours_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "many")
    assert neurocortex(monkeypatch, "settings") == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("NEUROCORTEX_TASKS__RETRIES = 'many' (from environment): ")
    assert "Traceback" not in printed.err


def test_down_does_nothing_where_nothing_runs(cli: CliRunner, empty_folder: Path) -> None:
    shown = cli.invoke(app, ["down"])
    assert shown.exit_code == 0
    assert shown.output == f"· Nothing runs from {empty_folder / '.neurocortex'}.\n"
    assert list(empty_folder.iterdir()) == []


def test_settings_are_printed_with_their_origin_and_secrets_masked(
    cli: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_LLM__API_KEY", "hunter2")
    shown = cli.invoke(app, ["settings"])
    assert shown.exit_code == 0
    line = next(line for line in shown.output.splitlines() if "LLM__API_KEY" in line)
    assert "********" in line
    assert "environment" in line
    assert "hunter2" not in shown.output


def test_settings_are_printed_as_json(cli: CliRunner) -> None:
    shown = json.loads(cli.invoke(app, ["settings", "--json"]).output)
    assert [entry["variable"] for entry in shown] == [entry.variable for entry in load().entries()]


def test_doctor_finds_nothing_wrong_here(cli: CliRunner) -> None:
    shown = cli.invoke(app, ["doctor"])
    assert shown.exit_code == 0, shown.output
    assert "ok    python: 3." in shown.output
    assert "ok    extensions: vector, pg_trgm" in shown.output


def test_doctor_says_what_is_wrong_and_how_to_put_it_right(
    cli: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/d")
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    shown = cli.invoke(app, ["doctor"])
    assert shown.exit_code == 1
    failures = [line for line in shown.output.splitlines() if line.startswith("fail")]
    assert [line.split(":")[0] for line in failures] == [
        "fail  postgres",
        "fail  redis",
        "fail  prefect server",
    ]
    assert all("unset the setting to use the embedded one" in line for line in failures)
    assert "hunter2" not in shown.output


def test_a_path_means_the_same_in_another_folder(empty_folder: Path) -> None:
    assert absolute("notes") == str(empty_folder / "notes")
    assert absolute("notes/**/*.md") == str(empty_folder / "notes/**/*.md")
    assert absolute("/srv/a.txt") == "/srv/a.txt"
    assert absolute("~/a.txt") == str(Path.home() / "a.txt")


def test_an_up_beside_one_that_is_only_just_starting_says_so(
    cli: CliRunner, empty_folder: Path
) -> None:
    home = Home(empty_folder / ".neurocortex")
    home.make()
    home.first_run.touch()
    with state.sole_supervisor(home.run):
        shown = cli.invoke(app, ["up"])
    assert shown.exit_code == 0
    assert "only just starting" in shown.output
