"""How a platform ends, asked to or killed, and what the next start finds."""

import socket
import time
from typing import TYPE_CHECKING

import psutil

from neurocortex.embedded import state
from neurocortex.embedded.ports import HOST

if TYPE_CHECKING:
    from tests.integration.embedded.conftest import Command

STOP_TIMEOUT_S = 30.0


def test_a_held_port_is_named_with_its_holder_and_nothing_is_left(command: "Command") -> None:
    with socket.socket() as held:
        held.bind((HOST, 0))
        held.listen()
        port = held.getsockname()[1]
        command.environment["NEUROCORTEX_PORTS__PREFECT"] = str(port)
        command.skip_main_job()
        refused = command.run("up")
    assert refused.returncode == 1
    assert f"Port {port}, set for prefect, is held by process {psutil.Process().pid}" in (
        refused.stderr
    )
    assert "NEUROCORTEX_PORTS__PREFECT" in refused.stderr
    assert state.read(command.home.run) is None


def test_a_start_that_is_interrupted_leaves_nothing(command: "Command") -> None:
    command.skip_main_job()
    process = command.start("up")
    parent = psutil.Process(process.pid)
    while len(parent.children()) < 2:
        assert process.poll() is None, command.output.read_text()
    family = parent.children(recursive=True)
    began = time.monotonic()
    process.terminate()
    process.wait(STOP_TIMEOUT_S)
    assert time.monotonic() - began < 10  # nothing has to be killed, which takes 15 s
    assert not any(child.is_running() for child in family)
    assert state.read(command.home.run) is None
