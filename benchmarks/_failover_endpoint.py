"""An endpoint in a process of its own, whose behaviour can be changed while it answers."""

import multiprocessing
import multiprocessing.synchronize
import time
from enum import IntEnum
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final

from benchmarks._failover_flaps import Flaps
from neurocortex.embedded import ports
from neurocortex.testing.openai_replies import Failure, Reply, Slow
from neurocortex.testing.openai_server import OpenAIServer

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

TEXT: Final = "There are four priority tiers [1]."

NORMAL_S: Final = 1.0
"""Until the first word: about what a large model takes. It is the same for each call: chance in it
would make healthy ones worse, and all ratios better."""

SLOW_TIMES: Final = 10

SHORT: Final = Flaps(NORMAL_S / 2)
"""Outages shorter than a call: an overloaded server that refuses, or one of two behind an address.
While it is out it refuses new calls (500); those that it has taken go on."""

LONG: Final = Flaps(NORMAL_S * 10)
"""Outages in which it is down rather than flapping: as long as the slowed one takes."""

FOREVER_S: Final = 3600.0

_processes = multiprocessing.get_context("spawn")


class Mode(IntEnum):
    """How it behaves."""

    NORMAL = 0
    SLOW = 1
    FLAPPING = 2
    AWAY = 3
    """It flaps, and each time is long."""


FLAPS: Final = {Mode.FLAPPING: SHORT, Mode.AWAY: LONG}


class Endpoint:
    """One endpoint, always at the same address."""

    def __init__(self) -> None:
        self._port = ports.free()
        self._mode: Synchronized[int] = _processes.Value("i", Mode.NORMAL)
        self._since: Synchronized[float] = _processes.Value("d", 0.0)
        self._process = self._started()

    @property
    def base_url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/v1"

    def behave(self, mode: Mode) -> None:
        """Behave so from now on."""
        self._since.value = time.time()
        self._mode.value = mode

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()
        self._process.join()

    def start(self) -> None:
        """Start it again, where it was, if it was killed."""
        if not self._process.is_alive():
            self._process = self._started()

    def _started(self) -> BaseProcess:
        ready = _processes.Event()
        started = _processes.Process(
            target=_serve, args=(self._port, self._mode, self._since, ready), daemon=True
        )
        started.start()
        ready.wait(60)
        return started


def _serve(
    port: int,
    mode: "Synchronized[int]",
    since: "Synchronized[float]",
    ready: "multiprocessing.synchronize.Event",
) -> None:
    def reply(_prompt: str) -> Reply:
        behaviour = Mode(mode.value)
        flaps = FLAPS.get(behaviour)
        if flaps is not None and flaps.back_s(time.time() - since.value):
            return Failure(500)
        times = SLOW_TIMES if behaviour is Mode.SLOW else 1
        return Slow(TEXT, before_s=NORMAL_S * times)

    with OpenAIServer(reply, port=port):
        ready.set()
        time.sleep(FOREVER_S)
