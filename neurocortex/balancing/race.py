"""One attempt at a call: an endpoint, and a second one beside it where the first is slow to begin.

The first token decides (Dean and Barroso's hedged request; gRPC calls it hedging in its A6): who
begins first goes on, the other is cancelled. So what is streamed comes from one endpoint only.
When a second one is looked for, `hedging` says.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

from neurocortex.balancing.counting import AttemptKind
from neurocortex.balancing.group import Group
from neurocortex.balancing.health import Standing
from neurocortex.balancing.hedging import FAR_LATE, Hedging
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

SLOWER: Final = "others begin far sooner"
"""Why an endpoint is left out that does not fail."""

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
    has_settled: bool = False
    """Others may follow it."""
    is_late: bool = False
    is_far: bool = False
    """It is so late that its endpoint may be slow."""

    @property
    def age_s(self) -> float:
        """Return the seconds since it was started."""
        return time.monotonic() - self.began


class Race(Generic[T]):
    """The attempt of one call. Run it once."""

    def __init__(
        self, group: Group, seats: Seats, attempt: Attempt[T], emit: Emit | None, began: float
    ) -> None:
        self._group = group
        self._seats = seats
        self._attempt = attempt
        self._emit = emit
        self._hedging = Hedging(group.latencies.slow_s() if group.hedges else None, began)
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
        self._hedging.started(time.monotonic(), is_slow=seat.standing is Standing.SLOW)
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, self._hurry)
        try:
            with self._group.lateness.waiting(seat.endpoint.name, wake):
                while True:
                    self._news.clear()
                    if (done := await self._settled(patience_s)) is not None:
                        return await done.task
                    await self._tell_settled()
                    await self._tell_late()
                    if time.monotonic() >= self._hedging.look_at:
                        await self._hedge(without)
                    await self._wait(patience_s)
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
                self._hedging.hurry(time.monotonic())
        if self._winner is not None:
            losers = [each for each in self._running if each is not self._winner]
            for each in losers:
                if each.began < self._winner.began:
                    each.fate = Ending(Verdict.FAILED, SLOWER, is_slow=True)
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
                self._hedging.hurry(time.monotonic())
                if not self._running:
                    raise ProviderError(runner.seat.endpoint.base_url, reason)
        return None

    async def _hedge(self, without: frozenset[str]) -> None:
        """Begin at a second endpoint, where there is one and the budget allows it."""
        if len(self._running) > 1:
            self._hedging.found()
            return
        seat = await self._seats.free(without | frozenset(self.tried), AttemptKind.HEDGE)
        if seat is None:
            # One that failed this call may be back since: it is let in by others by then.
            busy = {each.seat.endpoint.name for each in self._running}
            seat = await self._seats.free(busy, AttemptKind.HEDGE)
        if seat is None:
            self._hedging.looked(time.monotonic())
            return
        self._hedging.found()
        self._start(seat)

    async def _tell_settled(self) -> None:
        """Let other calls follow a probe that was not refused."""
        for runner in self._running:
            settle_s = runner.seat.settle_s
            if settle_s is None or runner.has_settled or runner.task.done():
                continue
            if runner.age_s >= settle_s:
                runner.has_settled = True
                await self._seats.settle(runner.seat)

    async def _tell_late(self) -> None:
        """Let other calls know which endpoints are late, and when one of them is slow."""
        for runner in self._running:
            name = runner.seat.endpoint.name
            if not runner.is_late and runner.age_s >= self._hedging.late_s():
                runner.is_late = True
                self._group.lateness.late(name)
            if not runner.is_far and runner.age_s >= self._hedging.late_s(FAR_LATE):
                runner.is_far = True
                if self._group.lateness.is_slow(name):
                    self._group.lateness.wake(name)
                    await self._seats.tell_slow(runner.seat, SLOWER)

    def _hurry(self) -> None:
        self._hedging.hurry(time.monotonic())
        self._news.set()

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
            leaving = self._seats.leave(runner.seat, _ending(runner), runner.age_s, runner.began_s)
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
        runner.began_s = runner.age_s
        # What one takes that is left out is no measure for those that are not.
        if runner.seat.standing is Standing.IN:
            self._group.latencies.add(runner.began_s)
        if not runner.is_late:
            self._group.lateness.in_time(runner.seat.endpoint.name)
        self._news.set()

    async def _wait(self, patience_s: float | None) -> None:
        """Wait until somebody begins, ends, is late, or is too slow."""
        ends = [self._hedging.look_at]
        for each in self._running:
            if each.seat.settle_s is not None and not each.has_settled:
                ends.append(each.began + each.seat.settle_s)
            if not each.is_late:
                ends.append(each.began + self._hedging.late_s())
            if not each.is_far:
                ends.append(each.began + self._hedging.late_s(FAR_LATE))
            if patience_s is not None:
                ends.append(each.began + patience_s)
        left_s = min(ends) - time.monotonic()
        try:
            async with asyncio.timeout(None if math.isinf(left_s) else max(0.0, left_s)):
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
