"""The end of the platform that the other files share: this one comes after them, by its name."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import psutil

from neurocortex.embedded import state

if TYPE_CHECKING:
    from tests.acceptance.conftest import Platform

DOCS = len(list((Path(__file__).resolve().parents[2] / "docs").rglob("*.md")))
FOUR_TIERS = "There are four priority tiers: critical, high, medium and low."
START_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 30.0

Until = Callable[[Callable[[], bool], float], None]
ProcessesOf = Callable[[Path], list[psutil.Process]]


def test_nothing_is_left_of_a_killed_platform_and_the_next_start_does_what_is_due(
    platform: "Platform", tmp_path: Path, until: Until, processes_of: ProcessesOf
) -> None:
    family = platform.family()
    assert len(family) > 5
    platform.supervisor.kill()
    _, left = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
    assert left == []
    assert _says_how_to_start(platform.run("status"))
    assert state.read(platform.home.run) is not None  # stale now

    platform.home.first_run.unlink()  # as if the main job had failed: it is due again
    output = tmp_path / "output"
    process = platform.user.start(output, "up")
    try:
        until(
            lambda: "curl http" in output.read_text() or process.poll() is not None,
            START_TIMEOUT_S,
        )
        said = output.read_text()
        down = platform.run("down")
        exit_code = process.wait(STOP_TIMEOUT_S)
    finally:
        process.kill()

    assert f": 0 documents added, 0 replaced, {DOCS} unchanged ({DOCS} files" in said
    assert FOUR_TIERS in said
    assert (down.returncode, down.stderr) == (0, "")
    assert down.stdout == "· Stopped: redis, postgres, prefect, worker, lane, gateway, lane-2.\n"
    assert exit_code == 0
    assert processes_of(platform.user.folder) == []
    assert state.read(platform.home.run) is None
    assert _says_how_to_start(platform.run("status"))
    assert platform.run("down").stdout.startswith("· Nothing runs from")


def _says_how_to_start(done: CompletedProcess[str]) -> bool:
    return done.returncode == 1 and "is not running. Start the platform with" in done.stderr
