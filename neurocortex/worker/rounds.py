"""When due runs are looked for, and when it is enough to choose among those that are known."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Final

from neurocortex.cancellation import is_cancelled
from neurocortex.worker.loops import patiently

IDLE_AFTER_S: Final = 60.0
IDLE_POLLS: Final = 2
LONGEST_POLL_S: Final = 1.0
"""After a minute in which nothing waited or ran we look half as often, but once a second still."""

AGAIN_S: Final = 1.0
"""So soon we try again what has failed, and choose again while anything waits: nobody calls when a
neighbour is back, when a tier may have more slots, or when another worker's run has ended."""

Act = Callable[[], Awaitable[None]]


class Rounds:
    """Acts when a run is announced, when one ends, and when it is time.

    Whatever is missed or fails, due runs are looked for after `poll_s` at the latest, and once a
    second it is chosen among those that are known.
    """

    def __init__(self, look: Act, choose: Act, is_busy: Callable[[], bool], poll_s: float) -> None:
        """Take what to do.

        Args:
            look: look for due runs, and start what can start.
            choose: start what can start of the runs that are known.
            is_busy: whether anything waits or runs.
            poll_s: seconds between two looks when nobody calls.
        """
        self._look = look
        self._choose = choose
        self._is_busy = is_busy
        self._poll_s = poll_s
        self._awake = asyncio.Event()
        self._announced = True
        self._acting = asyncio.Lock()

    def announce(self) -> None:
        """Say that a run waits, or may wait."""
        self._announced = True
        self._awake.set()

    def freed(self) -> None:
        """Say that a slot is free."""
        self._awake.set()

    async def look_now(self) -> None:
        """Look, once whatever goes on has ended."""
        async with self._acting:
            await self._look()

    async def _choose_now(self) -> None:
        async with self._acting:
            await self._choose()

    async def settled(self) -> None:
        """Wait until nothing that goes on can start another run."""
        async with self._acting:
            return

    async def run(self, is_on: Callable[[], bool]) -> None:
        """Act for ever, as long as it is on."""
        now = asyncio.get_running_loop().time
        next_look = next_choice = busy_until = now()
        while not is_cancelled():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(next_look, next_choice)):
                    await self._awake.wait()
            self._awake.clear()
            if not is_on():
                next_look = now() + self._poll_s
            elif self._announced or now() >= next_look:
                self._announced = False
                looked = await patiently(self.look_now)
                if not looked and is_on():  # what is known may start all the same
                    await patiently(self._choose_now)
                if self._is_busy():
                    busy_until = now() + IDLE_AFTER_S
                pause_s = self._pause_s(idle=now() >= busy_until)
                # Else a run that was announced while Redis was away would wait for a whole pause.
                next_look = now() + (pause_s if looked else min(pause_s, AGAIN_S))
            else:
                await patiently(self._choose_now)
            next_choice = now() + (AGAIN_S if self._is_busy() else inf)

    def _pause_s(self, *, idle: bool) -> float:
        if not idle:
            return self._poll_s
        return max(self._poll_s, min(IDLE_POLLS * self._poll_s, LONGEST_POLL_S))
