"""A run that may use a fraction of a core is stopped while it is ahead, and never for long."""

import asyncio
import math
import os
import signal
import sys
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.worker.family import cpu_s, tell
from neurocortex.worker.limits import LOOK_S, Limits
from neurocortex.worker.throttle import PERIOD_S, SOONEST_S, Bucket
from neurocortex.worker.watching import SOONEST_S as SOONEST_LOOK_S
from neurocortex.worker.watching import WatchedRun, next_look_s

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0

BURN = """
import os
if os.fork():
    print('ready', flush=True)
while True:
    pass
"""
"""Two processes, either of which would take a core."""

ENDS_WHEN_TOLD = """
import signal
signal.signal(signal.SIGTERM, lambda *_: exit(0))
print('ready', flush=True)
while True:
    pass
"""

fractions = st.floats(0.01, 8).filter(lambda cores: not cores.is_integer())
looks = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=100)
"""How long until a look, and which part of what it could take meanwhile the run took."""


@contextmanager
def running(code: str) -> Iterator[Popen[str]]:
    with Popen([sys.executable, "-c", code], stdout=PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            tell(child.pid, signal.SIGKILL)


async def for_a_while(watch: Awaitable[object], seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch, seconds)


@given(fractions, looks)
def test_a_run_never_gets_further_ahead_than_one_look(
    cores: float, pace: list[tuple[float, float]]
) -> None:
    bucket = Bucket(cores)
    elapsed = used = late = 0.0
    pause_s = bucket.look(0, 0)
    for delay_s, part in pace:
        waited = pause_s + delay_s
        took = 0.0 if bucket.stopped else waited * math.ceil(cores) * part
        elapsed, used, late = elapsed + waited, used + took, max(late, delay_s + SOONEST_S)
        pause_s = bucket.look(waited, took)
        ahead = used - cores * (elapsed + PERIOD_S)
        assert ahead <= late * math.ceil(cores) + 1e-6
        assert pause_s >= SOONEST_S


@given(fractions)
def test_a_run_that_takes_less_than_its_share_is_never_stopped(cores: float) -> None:
    bucket = Bucket(cores)
    for _ in range(100):
        bucket.look(PERIOD_S, PERIOD_S * cores * 0.9)
        assert not bucket.stopped


@given(fractions)
def test_a_stop_takes_a_period_unless_nobody_looked_in_time(cores: float) -> None:
    bucket = Bucket(cores)
    pause_s = bucket.look(0, bucket.cores * PERIOD_S)
    assert bucket.stopped
    assert pause_s == pytest.approx(PERIOD_S)
    bucket.look(pause_s + SOONEST_S, 0)
    assert not bucket.stopped


async def test_a_run_and_what_it_starts_are_held_to_a_fraction_of_a_core() -> None:
    with running(BURN) as child:
        os.sched_setaffinity(child.pid, [min(os.sched_getaffinity(0))])
        before, began = cpu_s(child.pid), time.monotonic()
        await for_a_while(WatchedRun(Limits(1000, cores=0.25)).watch(child.pid), 2)
        # Generous above: the last slice, and the clock of processes ticks 100 times a second.
        share = (cpu_s(child.pid) - before) / (time.monotonic() - began)
        assert 0.01 <= share <= 0.4
        deadline = time.monotonic() + PATIENCE_S
        after = cpu_s(child.pid)
        while cpu_s(child.pid) < after + 0.3:
            assert time.monotonic() < deadline, "nobody watches any more: it goes on"
            await asyncio.sleep(0.02)


async def test_whole_cores_are_not_throttled() -> None:
    with running(BURN) as child:
        watch = asyncio.create_task(WatchedRun(Limits(1000, cores=1)).watch(child.pid))
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert psutil.Process(child.pid).status() != psutil.STATUS_STOPPED
        watch.cancel()


async def test_a_run_that_is_throttled_hears_that_it_is_to_end() -> None:
    with running(ENDS_WHEN_TOLD) as child:
        watch = asyncio.create_task(WatchedRun(Limits(1000, cores=0.05)).watch(child.pid))
        deadline = time.monotonic() + PATIENCE_S
        while psutil.Process(child.pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        child.terminate()
        assert await asyncio.to_thread(child.wait, PATIENCE_S) == 0
        watch.cancel()


@given(st.floats(0, 10_000), st.floats(1, 10_000))
def test_the_closer_to_its_limit_the_sooner_a_run_is_looked_at(taken: float, limit: float) -> None:
    assert SOONEST_LOOK_S <= next_look_s(taken, limit) <= LOOK_S
    assert next_look_s(taken + 10, limit) <= next_look_s(taken, limit)
    assert next_look_s(limit, limit) == SOONEST_LOOK_S
