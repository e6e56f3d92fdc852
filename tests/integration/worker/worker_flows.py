"""Flows that the worker's tests start, by module path: each shows one thing a run can do.

`trace` is a folder: what a run wants its test to know, it writes there.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.flows import Flow
from prefect.runtime import flow_run as this_run

from tasks.tenant import tenant_of_run

LOOK_S = 0.05


def note(flow: Flow[..., object], flow_run: FlowRun, state: State) -> None:
    """Say that a hook ran: for which run, at which state."""
    said = {"run": str(flow_run.id), "state": state.type.value, "message": state.message}
    trace = Path(flow_run.parameters["trace"])
    (trace / "draft").write_text(json.dumps(said))
    (trace / "draft").rename(trace / "hook")


@contextmanager
def present(trace: Path) -> Iterator[None]:
    """Say when we began and ended, and who we are."""
    name = this_run.id
    (trace / f"{name}.pid").write_text(str(os.getpid()))
    (trace / f"{name}.began").write_text(str(time.time()))
    yield
    (trace / f"{name}.ended").write_text(str(time.time()))


@task
def double(number: int) -> int:
    return 2 * number


@flow
def look(trace: Path) -> None:
    """Write down where we are."""
    get_run_logger().info("I look around.")
    seen = {
        "folder": str(Path.cwd()),
        "first_import": sys.path[0],
        "environment": dict(os.environ),
        "modules": sorted(sys.modules),
    }
    (trace / "draft").write_text(json.dumps(seen))
    (trace / "draft").rename(trace / "seen")


@flow(persist_result=True)
def add(numbers: list[int], trace: Path | None = None) -> int:
    """Return twice the sum."""
    return sum(double.map(numbers).result())


@flow
def parent(numbers: list[int]) -> int:
    """Have a flow of our own run beside and one within us."""
    return add(numbers) + add([1])


@task
def ask_whose() -> str:
    return tenant_of_run()


@flow
def inner() -> str:
    """Ask from a task of a flow that another one calls."""
    return ask_whose()


@flow(persist_result=True)
def whose() -> list[str]:
    """Ask whose work our tasks do, and those of a flow within us."""
    return [ask_whose(), inner()]


@flow(on_crashed=[note], on_cancellation=[note])
def wait(trace: Path) -> None:
    """Go on until there is a file `open`."""
    with present(trace):
        while not (trace / "open").exists():
            time.sleep(LOOK_S)


@flow(on_crashed=[note])
def wait_or_return(trace: Path) -> None:
    """Wait at the first try for ever, and return at the next."""
    with present(trace):
        while this_run.run_count == 1:
            time.sleep(LOOK_S)


@flow
def linger(trace: Path, seconds: float) -> None:
    """Take some time."""
    with present(trace):
        time.sleep(seconds)


@flow(on_crashed=[note])
def kill_itself(trace: Path) -> None:
    """Die as of a segmentation fault or the kernel's lack of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@flow(on_crashed=[note])
def take(trace: Path, megabytes: int) -> int:
    """Fill memory, and keep it for a while."""
    held = bytearray(megabytes << 20)
    time.sleep(60)
    return len(held)


@flow
def fail(secret: str) -> None:
    """Fail at every try."""
    raise ValueError("There is no such customer.")


def _fail_first(trace: Path, tries: int) -> None:
    """Fail in all tries but the last; each is a process of its own, or the same."""
    with present(trace):
        (trace / f"try-{this_run.run_count}").write_text(str(os.getpid()))
        if this_run.run_count < tries:
            raise ValueError(f"Try {this_run.run_count} fails.")


@flow(retries=2, retry_delay_seconds=1)
def retry_soon(trace: Path) -> None:
    """Complete at the third try."""
    _fail_first(trace, 3)


@flow(retries=1, retry_delay_seconds=9)
def retry_later(trace: Path) -> None:
    """Complete at the second try, some seconds later."""
    _fail_first(trace, 2)


@flow
def pause(trace: Path) -> None:
    """Wait in our process until somebody resumes us."""
    with present(trace):
        pause_flow_run(timeout=120, poll_interval=1)


@flow
def step(trace: Path) -> None:
    """Take one step after another until there is a file `open`."""
    with present(trace):
        while not (trace / "open").exists():
            double(1)
            time.sleep(LOOK_S)


@flow
async def step_async(trace: Path) -> None:
    """Do the same as a coroutine."""
    with present(trace):
        while not (trace / "open").exists():
            double(1)
            await asyncio.sleep(LOOK_S)


@flow
def suspend(trace: Path) -> None:
    """End our process, and go on in another when somebody resumes us."""
    with present(trace):
        suspend_flow_run(timeout=120)
