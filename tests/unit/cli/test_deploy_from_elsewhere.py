"""Which datasets `neurocortex deploy` applies when it is not typed where `neurocortex up` was."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurocortex.cli.deploy import as_up_sees_them
from neurocortex.embedded import state
from neurocortex.embedded.home import Home
from neurocortex.embedded.state import ProcessRecord, State
from neurocortex.settings import DatasetSettings, Settings


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder in which a platform was started, whose home is elsewhere."""
    home, project = Home(tmp_path / "home"), tmp_path / "project"
    home.make()
    project.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], cwd=project
    ) as supervisor:
        state.write(
            home.run,
            State(
                phase="ready",
                supervisor=ProcessRecord.of(supervisor.pid),
                started_at=time.time(),
                api_url="http://127.0.0.1:4200/api",
            ),
        )
        yield project
        supervisor.kill()


def test_datasets_are_those_of_the_folder_where_up_was_typed(project: Path, tmp_path: Path) -> None:
    seen = as_up_sees_them(Settings(home=tmp_path / "home"))
    assert seen.datasets.folder == project / "datasets"


def test_an_absolute_folder_stays_what_it_is(project: Path, tmp_path: Path) -> None:
    own = DatasetSettings(folder=tmp_path / "own")
    assert as_up_sees_them(Settings(home=tmp_path / "home", datasets=own)).datasets == own


def test_without_a_platform_of_ours_it_is_the_folder_here(tmp_path: Path) -> None:
    chosen = Settings(home=tmp_path / "nothing")
    assert as_up_sees_them(chosen) == chosen
