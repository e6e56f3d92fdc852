"""What forks of the zygote find done."""

import subprocess
import sys

from prefect.client.schemas.objects import FlowRun, State

from neurocortex.worker.rehearsal import rehearse

ALONE = """
import os, sys
from neurocortex.worker.rehearsal import rehearse
rehearse()
assert "prefect" not in sys.modules, "it imports Prefect for a zygote that was told not to"
import prefect.flow_engine
rehearse()
threads = os.listdir("/proc/self/task")
assert len(threads) == 1, f"{len(threads)} threads: forks may hang"
"""


def test_the_models_of_prefects_client_are_built() -> None:
    rehearse()
    assert FlowRun.__pydantic_complete__
    assert State.__pydantic_complete__


def test_it_imports_no_prefect_and_starts_no_thread() -> None:
    subprocess.run([sys.executable, "-c", ALONE], check=True)
