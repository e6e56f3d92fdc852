"""Plain functions run in bounded threads; those that hang take none from the others, for a time."""

import asyncio
import threading
from collections.abc import Callable

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


async def give_up(threads: Threads, call: Callable[[], object]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await threads.run(call)


def test_a_hanging_call_frees_its_place_and_too_many_end_the_process() -> None:
    release = threading.Event()

    async def main() -> None:
        with Threads(2, hangs_after_s=0.02) as threads:
            await give_up(threads, release.wait)
            assert await threads.run(lambda: "served") == "served"
            await asyncio.sleep(0.03)
            assert not threads.broken.is_set()
            await give_up(threads, release.wait)
            assert await threads.run(lambda: "served") == "served"
            await asyncio.wait_for(threads.broken.wait(), 5)
            with pytest.raises(ThreadsStuckError, match="2 threads"):
                threads.check()
            release.set()

    asyncio.run(main())


def test_calls_that_are_given_up_together_and_end_soon_do_no_harm() -> None:
    release = threading.Event()

    async def main() -> None:
        with Threads(2, hangs_after_s=0.1) as threads:
            await asyncio.gather(*(give_up(threads, release.wait) for _ in range(2)))
            release.set()
            await asyncio.sleep(0.15)
            threads.check()
            assert await threads.run(lambda: "served") == "served"

    asyncio.run(main())


def test_a_call_that_is_given_up_before_a_thread_is_free_is_never_made() -> None:
    release, made = threading.Event(), threading.Event()

    async def main() -> None:
        with Threads(1) as threads:
            for _ in range(2):  # both threads, the spare one too
                await give_up(threads, release.wait)
            await give_up(threads, made.set)
            release.set()
            assert await threads.run(lambda: "served") == "served"
            assert not made.is_set()

    asyncio.run(main())


def test_an_error_reaches_who_called() -> None:
    async def main() -> None:
        with Threads(1) as threads, pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)

    asyncio.run(main())
