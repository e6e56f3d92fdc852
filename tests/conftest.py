"""What holds for every test: no telemetry, no settings or Prefect profile of the user's own."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from neurocortex.settings import PREFIX, settings
from neurocortex.telemetry import switch_off

# A run starts hundreds of processes, of which each would compile what it imports.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Before any test module imports Prefect, which reads its settings at import.
switch_off()
for name in [name for name in os.environ if name.startswith((PREFIX, "PREFECT_"))]:
    del os.environ[name]
_prefect_home = tempfile.mkdtemp(prefix="neurocortex-tests-")
atexit.register(shutil.rmtree, _prefect_home, ignore_errors=True)
os.environ["PREFECT_HOME"] = _prefect_home
os.environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "false"

# How long an example takes is no property: the machine is shared.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


PLATFORM_TESTS: Final = "tests/acceptance/"
"""They share a whole platform, which takes a minute to start: one worker has them all."""


class TogetherOnPlatform(LoadFileScheduling):  # type: ignore[misc]
    """Give each file to one worker, and those that share the platform to the same."""

    def _split_scope(self, nodeid: str) -> str:
        return PLATFORM_TESTS if nodeid.startswith(PLATFORM_TESTS) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Choose who runs what."""
    return TogetherOnPlatform(config, log)


@pytest.fixture(autouse=True)
def fresh_settings() -> None:
    """Let each test see the settings of its own environment."""
    settings.cache_clear()


@pytest.fixture
def real_data() -> Path:
    """Folder of real documents and tables beside the repository; skips where it is missing."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}")
    return folder
