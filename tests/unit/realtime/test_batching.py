"""Micro-batches: together what comes together, never a wait in an idle line, failures apart."""

import asyncio
from collections.abc import Sequence

import pytest

from neurocortex.realtime.batching import (
    FIRST_SIZE,
    TICK_S,
    Batcher,
    Limits,
    size_limit,
    waiting_pays,
)
from neurocortex.realtime.latency import BatchLatency


class Doubles:
    """Doubles numbers; batches that hold a negative one fail."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[list[int]] = []
        self.seconds = seconds

    async def together(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await asyncio.sleep(self.seconds)
        if any(item < 0 for item in items):
            raise ValueError("a batch failed")
        return [2 * item for item in items]

    async def alone(self, item: int, _error: Exception | None) -> int:
        if item < 0:
            raise ValueError(f"{item} is negative")
        return 2 * item


def test_what_comes_in_one_turn_is_one_batch() -> None:
    doubles = Doubles()

    async def main() -> list[int]:
        batcher = Batcher(doubles.together, doubles.alone, Limits(64, 0.02))
        return await asyncio.gather(*(batcher.result(n) for n in range(5)))

    assert asyncio.run(main()) == [0, 2, 4, 6, 8]
    assert doubles.batches == [[0, 1, 2, 3, 4]]


def test_what_comes_while_a_batch_runs_is_the_next_one() -> None:
    doubles = Doubles(seconds=0.02)

    async def main() -> None:
        batcher = Batcher(doubles.together, doubles.alone, Limits(64, 0.0))
        first = asyncio.create_task(batcher.result(0))
        await asyncio.sleep(0.005)
        await asyncio.gather(first, *(batcher.result(n) for n in (1, 2, 3)))

    asyncio.run(main())
    assert doubles.batches == [[0], [1, 2, 3]]


def test_a_batch_is_no_larger_than_allowed() -> None:
    doubles = Doubles()

    async def main() -> None:
        batcher = Batcher(doubles.together, doubles.alone, Limits(3, 0.0))
        await asyncio.gather(*(batcher.result(n) for n in range(8)))

    asyncio.run(main())
    assert [len(batch) for batch in doubles.batches] == [3, 3, 2]


def test_an_item_that_fails_its_batch_fails_no_other() -> None:
    doubles = Doubles()

    async def main() -> list[int | BaseException]:
        batcher = Batcher(doubles.together, doubles.alone, Limits(64, 0.0))
        return await asyncio.gather(
            *(batcher.result(n) for n in (1, -1, 3)), return_exceptions=True
        )

    one, failed, three = asyncio.run(main())
    assert (one, three) == (2, 6)
    assert isinstance(failed, ValueError)
    assert str(failed) == "-1 is negative"


def test_a_wrong_number_of_results_is_no_answer() -> None:
    async def short(items: Sequence[int]) -> list[int]:
        return [0]

    async def main() -> list[int]:
        batcher = Batcher(short, Doubles().alone, Limits(64, 0.0))
        return await asyncio.gather(*(batcher.result(n) for n in (1, 2)))

    assert asyncio.run(main()) == [2, 4]


def test_who_goes_away_is_left_out_of_the_batch() -> None:
    doubles = Doubles(seconds=0.02)

    async def main() -> int:
        batcher = Batcher(doubles.together, doubles.alone, Limits(64, 0.0))
        first = asyncio.create_task(batcher.result(0))
        await asyncio.sleep(0.005)
        gone = asyncio.create_task(batcher.result(1))
        stays = asyncio.create_task(batcher.result(2))
        await asyncio.sleep(0)
        gone.cancel()
        await first
        return await stays

    assert asyncio.run(main()) == 4
    assert doubles.batches == [[0], [2]]


def test_an_idle_line_never_waits() -> None:
    doubles = Doubles()

    async def main() -> float:
        batcher = Batcher(doubles.together, doubles.alone, Limits(64, 10.0))
        batcher.latency.observe(1, 5.0)  # a batch is dear: waiting would pay if others came
        began = asyncio.get_running_loop().time()
        await batcher.result(1)
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(main()) < 1


def test_waiting_pays_while_it_costs_less_than_a_batch_does() -> None:
    assert waiting_pays(3, gap_s=0.0005, fixed_s=0.010)
    assert not waiting_pays(20, gap_s=0.0005, fixed_s=0.010)  # too many would wait
    assert not waiting_pays(1, gap_s=0.0005, fixed_s=0.0005)  # a batch is cheap
    assert not waiting_pays(1, gap_s=2 * TICK_S, fixed_s=1.0)  # nobody is expected


def test_the_line_is_found_in_what_was_measured() -> None:
    latency = BatchLatency()
    for size in (1, 4, 2, 16, 8) * 10:
        latency.observe(size, 0.010 + 0.002 * size)
    assert latency.fixed_s == pytest.approx(0.010, rel=1e-3)
    assert latency.per_item_s == pytest.approx(0.002, rel=1e-3)
    assert latency.largest == 16


def test_batches_of_one_size_tell_nothing_about_items() -> None:
    latency = BatchLatency()
    for _ in range(5):
        latency.observe(4, 0.1)
    assert latency.per_item_s == 0
    assert latency.fixed_s == pytest.approx(0.1)


def test_sizes_grow_with_what_is_known_and_end_where_a_batch_would_take_too_long() -> None:
    latency = BatchLatency()
    assert size_limit(latency, 1000) == FIRST_SIZE
    for size in (1, 8, 20):
        latency.observe(size, 0.01 + 0.001 * size)
    assert size_limit(latency, 1000) == 40
    assert size_limit(latency, 30) == 30
    slow = BatchLatency()
    for size in (1, 2, 3):
        slow.observe(size, 0.1 * size)
    assert size_limit(slow, 1000) == 2
