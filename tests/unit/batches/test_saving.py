"""How results are written in groups."""

import asyncio
from collections.abc import Sequence

import pytest

from neurocortex.batches.saving import MOST_WAITING, Saver
from neurocortex.batches.values import Outcome
from neurocortex.errors import LakeUnavailableError


def outcome(line: int) -> Outcome:
    return Outcome(line, is_completed=True, content=b"{}")


async def nothing() -> None:
    pass


def test_everything_is_written_in_order_and_in_few_groups() -> None:
    groups: list[list[int]] = []

    def write(outcomes: Sequence[Outcome]) -> None:
        groups.append([each.line for each in outcomes])

    async def play() -> int:
        saver = Saver(write)
        running = asyncio.create_task(saver.run(nothing))
        for line in range(100):
            saver.put(outcome(line))
            await asyncio.sleep(0)
        saver.end()
        await running
        return saver.written

    assert asyncio.run(play()) == 100
    assert [line for group in groups for line in group] == list(range(100))
    assert len(groups) <= 3


def test_what_cannot_be_written_is_told() -> None:
    def write(_: Sequence[Outcome]) -> None:
        raise LakeUnavailableError("Lake", "it is gone")

    async def play() -> None:
        saver = Saver(write)
        saver.put(outcome(1))
        await saver.run(nothing)

    with pytest.raises(LakeUnavailableError):
        asyncio.run(play())


def test_it_is_full_before_memory_is() -> None:
    saver = Saver(lambda _: None)
    for line in range(MOST_WAITING):
        assert not saver.is_full
        saver.put(outcome(line))
    assert saver.is_full
