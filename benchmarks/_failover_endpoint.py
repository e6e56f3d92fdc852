"""An endpoint in a process of its own, whose behaviour can be changed while it answers."""

import multiprocessing
import multiprocessing.synchronize
import time
from enum import IntEnum
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final

from neurocortex.embedded import ports
from neurocortex.testing.openai_replies import Failure, Reply, Slow
from neurocortex.testing.openai_server import OpenAIServer

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

TEXT: Final = "There are four priority tiers [1]."

NORMAL_S: Final = 0.1
"""Until the first word: about what a small model takes."""

SLOW_TIMES: Final = 10

FLAP_S: Final = 1.0
"""So long it fails, so long it answers, and so on."""

STEPS: Final = 1000
"""Moments of a flapping endpoint's two seconds that are looked at."""

FOREVER_S: Final = 3600.0

_processes = multiprocessing.get_context("spawn")


class Mode(IntEnum):
    """How it behaves."""

    NORMAL = 0
    SLOW = 1
    FLAPPING = 2


def least_p99_s() -> float:
    """Return the 99th percentile of who knows, for each call, the soonest answer of two endpoints,
    one slowed and one flapping: calls come evenly over a second of failing and one of answering."""
    failing = (max(0.0, FLAP_S - at / STEPS * 2 * FLAP_S) for at in range(STEPS))
    soonest = sorted(min(NORMAL_S * SLOW_TIMES, left_s + NORMAL_S) for left_s in failing)
    return soonest[int(0.99 * STEPS)]


class Endpoint:
    """One endpoint, always at the same address."""

    def __init__(self) -> None:
        self._port = ports.free()
        self._mode: Synchronized[int] = _processes.Value("i", Mode.NORMAL)
        self._process = self._started()

    @property
    def base_url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/v1"

    def behave(self, mode: Mode) -> None:
        """Behave so from now on."""
        self._mode.value = mode

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()
        self._process.join()

    def start(self) -> None:
        """Start it again, where it was."""
        self._process = self._started()

    def _started(self) -> BaseProcess:
        ready = _processes.Event()
        started = _processes.Process(
            target=_serve, args=(self._port, self._mode, ready), daemon=True
        )
        started.start()
        ready.wait(60)
        return started


def _serve(
    port: int, mode: "Synchronized[int]", ready: "multiprocessing.synchronize.Event"
) -> None:
    def reply(_prompt: str) -> Reply:
        behaviour = Mode(mode.value)
        if behaviour is Mode.FLAPPING and int(time.time() / FLAP_S) % 2:
            return Failure(500)
        times = SLOW_TIMES if behaviour is Mode.SLOW else 1
        return Slow(TEXT, before_s=NORMAL_S * times)

    with OpenAIServer(reply, port=port):
        ready.set()
        time.sleep(FOREVER_S)
