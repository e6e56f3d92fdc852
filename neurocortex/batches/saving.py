"""Writing results in groups while others are made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from neurocortex.batches.values import Outcome

EVERY_S: Final = 0.1
"""Between two groups: a commit waits for the disk, and a crash repeats no more than that."""

MOST_WAITING: Final = 1000
"""Results that wait to be written: then no item is begun, and memory is not filled."""


class Saver:
    """Writes what was put, in order, a group at a time."""

    def __init__(self, write: Callable[[Sequence[Outcome]], None]) -> None:
        """Write by `write`, in a thread."""
        self._write = write
        self._waiting: list[Outcome] = []
        self._put = asyncio.Event()
        self._ending = asyncio.Event()
        self.written = 0
        """Outcomes so far."""

    @property
    def is_full(self) -> bool:
        """Whether items should wait until more is written."""
        return len(self._waiting) >= MOST_WAITING

    def put(self, outcome: Outcome) -> None:
        """Have an outcome written."""
        self._waiting.append(outcome)
        self._put.set()

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ending.set()
        self._put.set()

    async def run(self, after_each: Callable[[], Awaitable[None]]) -> None:
        """Write until the end; `after_each` is called after each group.

        Raises:
            LakeUnavailableError: a group could not be written.
        """
        while not self._ending.is_set() or self._waiting:
            await self._put.wait()
            self._put.clear()
            group, self._waiting = self._waiting, []
            if group:
                await asyncio.to_thread(self._write, group)
                self.written += len(group)
                await after_each()
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._ending.wait()
            except TimeoutError:
                continue
