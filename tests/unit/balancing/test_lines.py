"""Calls stand in line one behind the other, and go together where there is room for all."""

import asyncio

from neurocortex.balancing.line import Line

PATIENCE_S = 5.0


class Standing:
    """Calls that stand in a line, and say when they are first."""

    def __init__(self, line: Line, count: int) -> None:
        self.first: list[int] = []
        self.leave = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._stand(line, number)) for number in range(count)]

    async def _stand(self, line: Line, number: int) -> None:
        async with line.head(PATIENCE_S):
            self.first.append(number)
            await self.leave[number].wait()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_the_first_one_is_followed_by_the_next_when_it_leaves() -> None:
    async def main() -> None:
        line = Line()
        calls = Standing(line, 3)
        await turns()
        assert (calls.first, line.waiting) == ([0], 3)
        calls.leave[0].set()
        await turns()
        assert (calls.first, line.waiting) == ([0, 1], 2)
        for each in calls.leave:
            each.set()
        await asyncio.gather(*calls.tasks)
        assert (calls.first, line.waiting) == ([0, 1, 2], 0)

    asyncio.run(main())


def test_all_go_together_and_the_line_is_as_before_after_them() -> None:
    async def main() -> None:
        line = Line()
        calls = Standing(line, 3)
        await turns()
        line.disperse()
        await turns()
        assert calls.first == [0, 1, 2]
        later = Standing(line, 1)
        await turns()
        assert later.first == []
        for each in (*calls.leave, *later.leave):
            each.set()
        await asyncio.gather(*calls.tasks, *later.tasks)
        assert (later.first, line.waiting) == ([0], 0)

    asyncio.run(main())


def test_who_is_cancelled_holds_nobody_up() -> None:
    async def main() -> None:
        line = Line()
        calls = Standing(line, 4)
        await turns()
        calls.tasks[1].cancel()
        calls.leave[0].set()
        await turns()
        assert calls.first == [0, 2]
        calls.leave[2].set()
        while not calls.tasks[2].done():
            await asyncio.sleep(0)
        calls.tasks[3].cancel()  # its turn has come, and it does not know yet
        await asyncio.wait(calls.tasks)
        async with line.head(PATIENCE_S):
            assert line.waiting == 1

    asyncio.run(main())
