"""How long `neurocortex up` takes until the platform is ready, on a warm disk.

The platform is started once in a fresh folder, which makes its databases and brings the programs
into the page cache, and stopped; then it is started again and timed. The time counts from the
call of the command to the moment when the server is healthy, every deployment applied and all
four pools have their worker.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from neurocortex.embedded import state
from neurocortex.embedded.home import Home

POLL_S: Final = 0.02
TIMEOUT_S: Final = 300.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument(
        "--repeat", type=int, default=3, help="timed starts; the median counts (default: 3)"
    )


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Measure and return the figures.

    Returns:
        `ready_s`: median of the timed starts; `first_ready_s`: the start that made the
        databases; `stop_s`: median of the stops.
    """
    with tempfile.TemporaryDirectory(prefix="neurocortex-startup-") as folder:
        home = Home(Path(folder) / "home")
        home.make()
        home.first_run.touch()  # services only: the main job is no part of the start
        first, _ = _start_and_stop(home)
        timed = [_start_and_stop(home) for _ in range(options.repeat)]
    return {
        "ready_s": round(_median([ready for ready, _ in timed]), 2),
        "first_ready_s": round(first, 2),
        "stop_s": round(_median([stopped for _, stopped in timed]), 2),
        "starts": options.repeat,
    }


def _start_and_stop(home: Home) -> tuple[float, float]:
    """Return how long the platform took to become ready, and to stop, in seconds."""
    ours = ("NEUROCORTEX_", "PREFECT_")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        "NEUROCORTEX_HOME": str(home.folder),
        **{
            f"NEUROCORTEX_PORTS__{name}": "0"
            for name in ("POSTGRES", "REDIS", "PREFECT", "GATEWAY", "GRPC")
        },
    }
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "neurocortex.cli.main", "up"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            while (found := state.read(home.run)) is None or found.phase != "ready":
                if process.poll() is not None or time.monotonic() - began > TIMEOUT_S:
                    process.kill()
                    said = process.stdout.read().decode() if process.stdout else ""
                    raise RuntimeError(f"the platform did not start:\n{said}")
                time.sleep(POLL_S)
            ready = time.monotonic() - began
        finally:
            stopping = time.monotonic()
            process.terminate()
            process.wait(TIMEOUT_S)
    return ready, time.monotonic() - stopping


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
