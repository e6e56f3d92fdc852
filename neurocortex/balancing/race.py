"""One attempt at a call: an endpoint, and a second one beside it where the first is slow to begin.

The first token decides (Dean and Barroso's hedged request; gRPC calls it hedging in its A6): who
begins first goes on, the other is cancelled. So what is streamed comes from one endpoint only.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from neurocortex.balancing.counting import AttemptKind
from neurocortex.balancing.group import Group
from neurocortex.balancing.seats import Seat, Seats
from neurocortex.balancing.verdicts import Ending, Verdict, ending_of
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.errors import ProviderError

T = TypeVar("T")

Emit = Callable[[str], Awaitable[None]]
"""Takes a piece of an answer."""

Attempt = Callable[[LlmEndpoint, Emit], Awaitable[T]]
"""Calls one endpoint. It gives each piece to the emit it is given, when the piece comes; it is
cancelled where another endpoint was faster, or it took too long to begin."""

_GOOD = Ending(Verdict.GOOD)
_UNKNOWN = Ending(Verdict.UNKNOWN)


@dataclass(eq=False, slots=True)
class _Runner(Generic[T]):
    seat: Seat
    began: float = field(default_factory=time.monotonic)
    task: "asyncio.Task[T]" = field(init=False)
    fate: Ending = _UNKNOWN
    """What its cancellation says of the endpoint."""
    leaving: "asyncio.Task[None] | None" = None
    began_s: float | None = None
    """Seconds until its answer began; None: it has not, or another's did first."""


class Race(Generic[T]):
    """The attempt of one call. Run it once."""

    def __init__(self, group: Group, seats: Seats, attempt: Attempt[T], emit: Emit | None) -> None:
        self._group = group
        self._seats = seats
        self._attempt = attempt
        self._emit = emit
        self._running: list[_Runner[T]] = []
        self._winner: _Runner[T] | None = None
        self._news = asyncio.Event()
        self._started: list[_Runner[T]] = []
        self.tried: list[str] = []
        """Names of the endpoints that were called."""
        self.has_emitted = False
        """A piece was given away: nothing can be taken back."""

    async def run(self, seat: Seat, patience_s: float | None, without: frozenset[str]) -> T:
        """Return what an endpoint answers.

        Args:
            seat: at the first one.
            patience_s: an endpoint that has not begun by then is given up; None: never.
            without: endpoints that are no use as a second one.

        Raises:
            ProviderError: each that was called failed.
            Exception: what the attempt raised.
        """
        self._start(seat)
        hedge_s = self._group.latencies.slow_s() if self._group.hedges else None
        try:
            while True:
                self._news.clear()
                if (done := await self._settled(patience_s)) is not None:
                    return await done.task
                if hedge_s is not None and self._elapsed() >= hedge_s:
                    hedge_s = None
                    await self._hedge(without)
                await self._wait(hedge_s, patience_s)
        finally:
            await self._end(self._running)
            await asyncio.gather(*(self._left(each) for each in self._started))

    async def _settled(self, patience_s: float | None) -> _Runner[T] | None:
        """Return who is to be waited for alone; drop who failed or is too slow.

        Raises:
            Exception: of the last one that failed.
        """
        for runner in [each for each in self._running if each.task.done()]:
            if not runner.task.cancelled() and runner.task.exception() is None:
                self._winner = self._winner or runner
            elif runner is self._winner or len(self._running) == 1:
                return runner
            else:
                self._running.remove(runner)
        if self._winner is not None:
            losers = [each for each in self._running if each is not self._winner]
            for each in losers:
                if each.began < self._winner.began:
                    each.fate = Ending(Verdict.FAILED, "another endpoint began sooner")
            await self._end(losers)
            return self._winner
        if patience_s is None:
            return None
        for runner in list(self._running):
            if time.monotonic() - runner.began >= patience_s:
                reason = f"it had not begun to answer after {patience_s:.1f} s"
                runner.fate = Ending(Verdict.FAILED, reason)
                await self._end([runner])
                self._running.remove(runner)
                if not self._running:
                    raise ProviderError(runner.seat.endpoint.base_url, reason)
        return None

    async def _hedge(self, without: frozenset[str]) -> None:
        """Begin at a second endpoint, where there is one and the budget allows it."""
        tried = without | frozenset(self.tried)
        if tried >= self._group.endpoints.keys() or not await self._seats.may_try_again():
            return
        seat = await self._seats.free(tried, AttemptKind.HEDGE)
        if seat is not None:
            self._start(seat)

    def _start(self, seat: Seat) -> None:
        runner = _Runner[T](seat)
        runner.task = asyncio.create_task(self._work(runner))
        runner.task.add_done_callback(lambda _: self._ended(runner))
        self._running.append(runner)
        self._started.append(runner)
        self.tried.append(seat.endpoint.name)

    async def _work(self, runner: _Runner[T]) -> T:
        result = await self._attempt(runner.seat.endpoint, partial(self._piece, runner))
        if self._winner is None:
            self._begins(runner)
        return result

    def _ended(self, runner: _Runner[T]) -> None:
        self._left(runner)
        self._news.set()

    def _left(self, runner: _Runner[T]) -> asyncio.Task[None]:
        """Give the place back, once, when the attempt has ended.

        Not within the attempt: one that is cancelled may never have begun.
        """
        if runner.leaving is None:
            leaving = self._seats.leave(runner.seat, _ending(runner), runner.began_s)
            runner.leaving = asyncio.create_task(leaving)
        return runner.leaving

    async def _piece(self, runner: _Runner[T], text: str) -> None:
        if self._winner is None:
            self._begins(runner)
        if self._winner is runner and self._emit is not None:
            self.has_emitted = True
            await self._emit(text)

    def _begins(self, runner: _Runner[T]) -> None:
        self._winner = runner
        runner.began_s = time.monotonic() - runner.began
        self._group.latencies.add(runner.began_s)
        self._news.set()

    def _elapsed(self) -> float:
        return time.monotonic() - self._running[0].began if self._running else 0.0

    async def _wait(self, hedge_s: float | None, patience_s: float | None) -> None:
        """Wait until somebody begins, ends, or is too slow."""
        now = time.monotonic()
        ends = [self._running[0].began + hedge_s - now] if hedge_s is not None else []
        if patience_s is not None:
            ends += [each.began + patience_s - now for each in self._running]
        try:
            async with asyncio.timeout(max(0.0, min(ends)) if ends else None):
                await self._news.wait()
        except TimeoutError:
            pass  # the next turn sees who is

    async def _end(self, runners: list[_Runner[T]]) -> None:
        """Cancel attempts, and wait until what they took is known."""
        running = [each.task for each in runners if not each.task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for each in runners:
            if each.task.done() and not each.task.cancelled():
                each.task.exception()  # seen: nobody else asks for it


def _ending(runner: _Runner[T]) -> Ending:
    if runner.task.cancelled():
        return runner.fate
    match runner.task.exception():
        case None:
            return _GOOD
        case ProviderError() as error:
            return ending_of(error)
        case _:
            return _UNKNOWN
