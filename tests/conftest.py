"""What holds for every test: no telemetry, no settings or Prefect profile of the user's own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

from neurocortex.settings import PREFIX, settings
from neurocortex.telemetry import switch_off

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
