"""Plain functions run in bounded threads; those that hang take none from the others, for a time."""

import asyncio
import threading

import pytest

from neurocortex.errors import ThreadsStuckError
from neurocortex.realtime.threads import Threads


def test_no_more_run_at_once_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    async def main() -> None:
        with Threads(3) as threads:
            await asyncio.gather(*(threads.run(work) for _ in range(12)))

    asyncio.run(main())
    assert most == 3


def test_a_hanging_call_frees_its_place_and_too_many_end_the_process() -> None:
    release = threading.Event()

    async def main() -> None:
        with Threads(2) as threads:
            for stuck in (1, 2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await threads.run(release.wait)
                assert threads.broken.is_set() == (stuck == 2)
            assert await threads.run(lambda: "served") == "served"
            with pytest.raises(ThreadsStuckError, match="2 threads"):
                threads.check()
            release.set()

    asyncio.run(main())


def test_an_error_reaches_who_called() -> None:
    async def main() -> None:
        with Threads(1) as threads, pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)

    asyncio.run(main())
