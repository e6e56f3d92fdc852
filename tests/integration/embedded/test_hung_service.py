"""A service that lives and does not answer, under a supervisor in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from neurocortex.embedded import ports
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.embedded.supervisor import StopRequestedError, supervising
from neurocortex.settings import EmbeddedSettings

folder = Path(sys.argv[1])
server = RedisServer(
    data=folder / "redis", log=folder / "redis.log", port=ports.free(), password="secret"
)

class Show:
    def note(self, text): print(text, flush=True)

def changed(records):
    (folder / "records").write_text(json.dumps([record.model_dump() for record in records]))

settings = EmbeddedSettings(health_every_s=0.1, health_timeout_s=0.3, health_failures=2)
try:
    with supervising(settings, Show(), changed) as supervisor:
        supervisor.start(server.service())
        supervisor.wait_until_ready("redis")
        supervisor.restart_what_dies()
        print("up", flush=True)
        supervisor.watch_until(lambda: False)
except StopRequestedError:
    print("stopped", server.is_ready(), flush=True)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def says(supervisor: subprocess.Popen[str]) -> str:
    assert supervisor.stdout is not None
    return supervisor.stdout.readline().strip()


def pid(folder: Path) -> int:
    return int(json.loads((folder / "records").read_text())[0]["pid"])


def test_a_service_that_hangs_is_started_again(
    supervisor: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert says(supervisor) == "up"
    hung = psutil.Process(pid(tmp_path))
    os.kill(hung.pid, signal.SIGSTOP)
    assert says(supervisor) == "redis failed 2 health checks in a row; it starts again in 0.25 s"
    assert says(supervisor) == "redis is back"
    assert not hung.is_running()
    assert pid(tmp_path) != hung.pid
    supervisor.send_signal(signal.SIGTERM)
    assert says(supervisor).startswith("stopped")
