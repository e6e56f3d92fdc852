"""Work that a worker has to do for as long as it lives does not end unnoticed."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from neurocortex.errors import LedgerUnavailableError, LoopEndedError
from neurocortex.worker.loops import Loops

pytestmark = pytest.mark.anyio

Work = Callable[[], Coroutine[object, object, None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def returns() -> None:
    await asyncio.sleep(0)


async def is_cancelled() -> None:
    """As a future does that somebody else has cancelled."""
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("of the test")


async def goes_on() -> None:
    await asyncio.Event().wait()


async def serve(*works: Work) -> None:
    """Do as a worker does: start its loops, and wait until it is told to stop."""
    async with asyncio.timeout(10), Loops() as loops:
        for work in works:
            loops.start(work())
        await goes_on()


@pytest.mark.parametrize("loop", [returns, is_cancelled])
async def test_a_loop_that_just_ends_takes_its_worker_down(
    loop: Work,
) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await serve(goes_on, loop)
    (error,) = failed.value.exceptions
    assert isinstance(error, LoopEndedError)
    assert error.loop == loop.__name__
    assert "started again" in str(error)


async def test_what_fails_is_named_and_not_those_that_end_with_it() -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await serve(goes_on, fails, goes_on)
    (error,) = failed.value.exceptions
    assert isinstance(error, ValueError)


async def test_loops_that_are_told_to_stop_end_in_peace() -> None:
    async with asyncio.timeout(10), Loops() as loops:
        loops.start(goes_on())
        loops.stop()


async def test_a_worker_that_fails_ends_its_loops_in_peace() -> None:
    async def fail_beside_a_loop() -> None:
        async with asyncio.timeout(10), Loops() as loops:
            loops.start(goes_on())
            await fails()

    with pytest.raises(ExceptionGroup) as failed:
        await fail_beside_a_loop()
    (error,) = failed.value.exceptions
    assert isinstance(error, ValueError)


async def test_a_neighbour_that_does_not_answer_is_asked_again() -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            loops.stop()
        raise LedgerUnavailableError("ledger", "It is away.")

    async with asyncio.timeout(10), Loops() as loops:
        loops.repeat(ask, every_s=0.01)
    assert asked == 3
