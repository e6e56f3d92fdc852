"""The one door to LLMs: a call goes to the endpoint that serves it now, and to another one when
that fails, within its time and the budget of retries."""

import time
from functools import lru_cache
from typing import Final, Generic, TypeVar

from neurocortex.balancing.counting import AttemptKind
from neurocortex.balancing.group import Group
from neurocortex.balancing.health import HealthRules
from neurocortex.balancing.race import Attempt, Emit, Race
from neurocortex.balancing.seats import Seat, Seats
from neurocortex.balancing.shared_states import SharedStates
from neurocortex.balancing.verdicts import Verdict, ending_of, is_ours
from neurocortex.domain.endpoints import LlmProvider
from neurocortex.errors import ProviderBrokeOffError, ProviderError
from neurocortex.settings import BalancingSettings

T = TypeVar("T")

GROUPS: Final = 128
"""Models whose turns and latencies a process remembers: as many as it has LLM Provider blocks."""

PROBE_S: Final = 3.0
"""A probe has so long to begin, or PROBE_TIMES of what is slow: a call waits for it."""

PROBE_TIMES: Final = 4


class Balancer:
    """That of one process, for all its threads and event loops."""

    def __init__(self, redis_url: str | None, chosen: BalancingSettings) -> None:
        """Balance by states in a Redis; None: by what this process knows."""
        self._states = SharedStates(redis_url)
        self._chosen = chosen
        self._rules = HealthRules.of(chosen)
        self._group = lru_cache(GROUPS)(lambda provider: Group(provider, chosen))

    async def call(
        self,
        provider: LlmProvider,
        attempt: Attempt[T],
        emit: Emit | None = None,
        *,
        deadline_s: float,
    ) -> T:
        """Return what an endpoint of a model answers.

        Args:
            provider: the model and its endpoints.
            attempt: calls one endpoint; it may be called for several, and for two at once.
            emit: gets the pieces of the answer, of one endpoint only.
            deadline_s: no further attempt begins later than that.

        Raises:
            ProviderError: as the last endpoint failed. A ProviderBrokeOffError once a piece was
                given to `emit`: it cannot be taken back, so nobody else may begin anew.
            ProviderBusyError: no endpoint took the call in time.
            ProviderQueueFullError: too many calls wait for one.
            Exception: what the attempt raised.
        """
        group = self._group(provider)
        group.called()
        async with self._states.opened() as states:
            seats = Seats(group, states, self._rules, self._chosen)
            return await _Call(group, seats, attempt, emit, self._chosen, deadline_s).run()


class _Call(Generic[T]):
    def __init__(
        self,
        group: Group,
        seats: Seats,
        attempt: Attempt[T],
        emit: Emit | None,
        chosen: BalancingSettings,
        deadline_s: float,
    ) -> None:
        self._group = group
        self._seats = seats
        self._attempt = attempt
        self._emit = emit
        self._first_token_s = chosen.first_token_s
        self._began = time.monotonic()
        self._end = self._began + deadline_s
        self._failed: frozenset[str] = frozenset()

    async def run(self) -> T:
        seat = await self._seats.take(self._failed)
        while True:
            race = Race(self._group, self._seats, self._attempt, self._emit, self._began)
            try:
                return await race.run(seat, self._patience(seat), self._failed)
            except ProviderError as error:
                if race.has_emitted:
                    raise ProviderBrokeOffError(
                        error.neighbour, f"the answer broke off: {error.reason}"
                    ) from error
                next_seat = await self._next(error, race.tried)
                if next_seat is None:
                    raise
                seat = next_seat

    async def _next(self, error: ProviderError, tried: list[str]) -> Seat | None:
        """Return a place for a further attempt; None: there is none, or it would be no use."""
        is_paused = ending_of(error).verdict is Verdict.PAUSED
        # An endpoint that asked for a pause may be called once more, after it.
        self._failed |= frozenset(tried[:-1] if is_paused else tried)
        if is_ours(error) or time.monotonic() >= self._end:
            return None
        if not is_paused and await self._seats.is_brief():
            # One that refuses may be back in a moment. To wait for that is no load: it is free.
            self._failed = frozenset()
            return await self._seats.take(self._failed, AttemptKind.RETRY)
        left = self._group.endpoints.keys() - self._failed
        if not left or not await self._may_try_again(error):
            return None
        find = self._seats.take if is_paused else self._seats.free
        return await find(self._failed, AttemptKind.RETRY)

    async def _may_try_again(self, error: ProviderError) -> bool:
        # What never reached an endpoint is no load there, and no retry: gRPC's "transparent" ones.
        if not error.was_sent:
            return self._group.retries
        return await self._seats.may_try_again()

    def _patience(self, seat: Seat) -> float | None:
        """Return how long the endpoint may take to begin; None: there is no other one to ask."""
        others = self._group.endpoints.keys() - self._failed - {seat.endpoint.name}
        if not others:
            return None
        # Half of what is left, so that there is time for another one.
        patience = min(self._first_token_s, max(0.0, self._end - time.monotonic()) / 2)
        slow_s = self._group.latencies.slow_s()
        if seat.is_probe and slow_s is not None:
            return min(patience, max(PROBE_S, PROBE_TIMES * slow_s))
        return patience
