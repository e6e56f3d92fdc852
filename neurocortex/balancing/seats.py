"""A call's place at an endpoint: found, held while the call lasts, left with what it told."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from neurocortex.balancing.counting import AttemptKind, Ended
from neurocortex.balancing.group import Group
from neurocortex.balancing.health import Health, HealthRules, Standing
from neurocortex.balancing.states import Look, States
from neurocortex.balancing.verdicts import Ending, Verdict
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.errors import ProviderBusyError, ProviderQueueFullError
from neurocortex.settings import BalancingSettings

POLL_S: Final = 0.05
"""How often the first in line looks for room: a call of an LLM takes longer."""

TRIES: Final = 8
"""Others may change the same health meanwhile; then one looks again."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One call at one endpoint."""

    endpoint: LlmEndpoint
    call: str
    began: float
    """By the clock of the states."""
    health: Health
    """As it was then."""
    is_probe: bool
    kind: AttemptKind
    """Why this endpoint is called."""


class Seats:
    """Those of one model's endpoints, for one call with all its attempts."""

    def __init__(
        self, group: Group, states: States, rules: HealthRules, chosen: BalancingSettings
    ) -> None:
        self._group = group
        self._states = states
        self._rules = rules
        self._max_wait_s = chosen.max_wait_s
        self._max_waiting = chosen.max_waiting

    async def may_try_again(self) -> bool:
        """Take a further attempt or a hedge out of the budget; False: it has none left."""
        return await self._group.may_try_again(self._states)

    async def take(self, without: Collection[str], kind: AttemptKind = AttemptKind.FIRST) -> Seat:
        """Return a place, waited for if need be, at none of these endpoints.

        Raises:
            ProviderBusyError: there was none in time, or none will be.
            ProviderQueueFullError: too many wait already, in all processes together.
        """
        if not self._group.line.waiting and (seat := await self.free(without, kind)):
            return seat
        waiting, call = f"waiting-{self._group.name}", str(uuid4())
        try:
            if not await self._states.begin(waiting, call, self._max_waiting):
                raise ProviderQueueFullError(self._group.model, self._max_waiting)
            return await self._waited_for(without, kind)
        finally:
            await asyncio.shield(self._states.end(waiting, call))

    async def _waited_for(self, without: Collection[str], kind: AttemptKind) -> Seat:
        began = time.monotonic()
        end = began + self._max_wait_s
        pause = self._max_wait_s
        try:
            async with self._group.line.head(self._max_wait_s):
                while not (seat := await self.free(without, kind)):
                    pause = await self._pause(without)
                    left = end - time.monotonic()
                    if pause > left:
                        break
                    await asyncio.sleep(min(max(pause, POLL_S), left))
                else:
                    return seat
        except TimeoutError:
            pass  # those before it in the line did not get a place either
        raise ProviderBusyError(self._group.model, time.monotonic() - began, max(pause, 1.0))

    async def free(
        self, without: Collection[str], kind: AttemptKind = AttemptKind.FIRST
    ) -> Seat | None:
        """Return a place that is free now, at none of these endpoints."""
        for _ in range(TRIES):
            look = await self._look()
            choice = self._group.choose(look, without)
            if choice is None:
                return None
            state, endpoint = look.states[choice.name], self._group.endpoints[choice.name]
            if choice.is_probe:
                probed = self._rules.probed(state.health, look.now)
                if not await self._states.change(choice.name, state, probed):
                    continue  # another process probes it
            call, is_probe = str(uuid4()), choice.is_probe
            seat = Seat(endpoint, call, look.now, state.health, is_probe, kind)
            try:
                if await self._states.begin(choice.name, seat.call, endpoint.max_concurrent):
                    return seat
            except asyncio.CancelledError:
                await asyncio.shield(self._states.end(choice.name, seat.call))
                raise
        return None

    async def leave(self, seat: Seat, ending: Ending, began_s: float | None) -> None:
        """Give a place back, and let all processes know what the call told of its endpoint.

        Args:
            seat: the place.
            ending: what the call told.
            began_s: seconds until its answer began; None: it did not, or another's did first.
        """
        name = seat.endpoint.name
        await self._states.end(name, seat.call, Ended(seat.kind, ending.verdict, began_s))
        if ending.verdict is Verdict.UNKNOWN and not seat.is_probe:
            return
        if ending.verdict is Verdict.GOOD and not (seat.health.score or seat.health.ejected_until):
            return  # nothing to mend
        for _ in range(TRIES):
            look = await self._look()
            state = look.states[name]
            after = self._after(seat, ending, look)
            if after == state.health or await self._states.change(name, state, after):
                return

    def _after(self, seat: Seat, ending: Ending, look: Look) -> Health:
        name = seat.endpoint.name
        before = look.states[name].health
        match ending.verdict:
            case Verdict.GOOD:
                return self._rules.succeeded(before, seat.began)
            case Verdict.FAILED:
                may = self._group.may_eject(look, name)
                return self._rules.failed(
                    before, seat.began, look.now, ending.reason, may_eject=may
                )
            case Verdict.PAUSED:
                return self._rules.paused(before, look.now, ending.pause_s)
            case Verdict.UNKNOWN:
                return self._rules.unprobed(before)

    async def _pause(self, without: Collection[str]) -> float:
        """Return the seconds until the first pause ends; 0: somebody may have room any moment."""
        look = await self._look()
        left = [state for name, state in look.states.items() if name not in without]
        if any(each.health.standing(look.now) is not Standing.PAUSED for each in left):
            return 0.0
        return min(each.health.paused_until - look.now for each in left)

    async def _look(self) -> Look:
        return await self._states.look(list(self._group.endpoints))
