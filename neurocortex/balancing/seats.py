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
from neurocortex.balancing.retry_budget import PROBE, RETRY, Need, hedge
from neurocortex.balancing.shortage import FAR, is_fast, is_short, settle_s
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
    standing: Standing
    """Of the endpoint, then."""
    settle_s: float | None = None
    """A probe that has not failed after so long lets others follow; None: one that succeeds."""


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
        """Take a retry out of the budget; False: it has none left."""
        return await self._may(RETRY)

    async def is_brief(self) -> bool:
        """Tell whether nobody is in now, and somebody may be in a moment: see `shortage`."""
        return self._group.is_brief(await self._look())

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
                    if not seat.is_probe and seat.endpoint.max_concurrent is None:
                        self._group.line.disperse()
                    return seat
        except TimeoutError:
            pass  # those before it in the line did not get a place either
        raise ProviderBusyError(self._group.model, time.monotonic() - began, max(pause, 1.0))

    async def free(
        self, without: Collection[str], kind: AttemptKind = AttemptKind.FIRST
    ) -> Seat | None:
        """Return a place that is free now, at none of these endpoints.

        A hedge is paid for out of the budget here. Where that cannot pay for the retry that a probe
        may need, nobody probes.
        """
        is_hedge = kind is AttemptKind.HEDGE
        may_probe = True
        for _ in range(TRIES):
            look = await self._look()
            choice = self._group.choose(look, without, needs_fine=is_hedge, may_probe=may_probe)
            if choice is None:
                return None
            if choice.needs_retry and self._group.retries and not await self._may(PROBE):
                may_probe = False
                continue
            most = max(each.in_flight for each in look.states.values())
            if is_hedge and not await self._may(hedge(most)):
                return None
            if choice.is_probe and not await self._probe(choice.name, look):
                continue  # another process probes it
            state, endpoint = look.states[choice.name], self._group.endpoints[choice.name]
            standing, call = state.health.standing(look.now), str(uuid4())
            settle = self._settle_s(choice.name, look) if choice.is_probe else None
            seat = Seat(
                endpoint, call, look.now, state.health, choice.is_probe, kind, standing, settle
            )
            try:
                if await self._states.begin(choice.name, call, endpoint.max_concurrent):
                    return seat
            except asyncio.CancelledError:
                await asyncio.shield(self._states.end(choice.name, call))
                raise
        return None

    async def _may(self, need: Need) -> bool:
        return await self._group.may_try_again(self._states, need)

    async def _probe(self, name: str, look: Look) -> bool:
        """Be the one who probes an endpoint; False: somebody else is."""
        state = look.states[name]
        return await self._states.change(name, state, self._rules.probed(state.health, look.now))

    def _settle_s(self, name: str, look: Look) -> float | None:
        short = is_short(self._group.standings(look).values())
        return settle_s(look.states[name].health) if short else None

    async def settle(self, seat: Seat) -> None:
        """Let others follow a probe that was not refused."""
        name = seat.endpoint.name
        for _ in range(TRIES):
            look = await self._look()
            state = look.states[name]
            after = self._rules.settled(state.health, seat.began, look.now)
            if after == state.health or await self._states.change(name, state, after):
                return

    async def leave(self, seat: Seat, ending: Ending, took_s: float, began_s: float | None) -> None:
        """Give a place back, and let all processes know what the call told of its endpoint.

        Args:
            seat: the place.
            ending: what the call told.
            took_s: seconds until it ended.
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
            after = self._after(seat, ending, took_s, began_s, look)
            if after == state.health or await self._states.change(name, state, after):
                return

    async def tell_slow(self, seat: Seat, reason: str) -> None:
        """Let all processes know that an endpoint is slow before its calls have ended."""
        name = seat.endpoint.name
        for _ in range(TRIES):
            look = await self._look()
            state = look.states[name]
            after = self._rules.failed(
                state.health,
                seat.began,
                look.now,
                reason,
                may_eject=False,
                at_once=True,
                is_slow=True,
            )
            if after == state.health or await self._states.change(name, state, after):
                return

    def _after(
        self, seat: Seat, ending: Ending, took_s: float, began_s: float | None, look: Look
    ) -> Health:
        before = look.states[seat.endpoint.name].health
        slow_s = self._group.latencies.slow_s()
        match ending.verdict:
            case Verdict.GOOD:
                if before.is_slow and began_s and slow_s and began_s > FAR * slow_s:
                    still = Ending(Verdict.FAILED, before.reason, is_slow=True)
                    return self._failed(seat, still, look, None)
                return self._rules.succeeded(before, seat.began)
            case Verdict.FAILED:
                refused = not ending.is_slow and is_fast(took_s, slow_s)
                return self._failed(seat, ending, look, took_s if refused else None)
            case Verdict.PAUSED:
                return self._rules.paused(before, look.now, ending.pause_s)
            case Verdict.UNKNOWN:
                return self._rules.unprobed(before)

    def _failed(self, seat: Seat, ending: Ending, look: Look, refused_s: float | None) -> Health:
        name = seat.endpoint.name
        standings = self._group.standings(look)
        others = {standing for other, standing in standings.items() if other != name}
        has_fine = Standing.IN in others
        return self._rules.failed(
            look.states[name].health,
            seat.began,
            look.now,
            ending.reason,
            may_eject=has_fine or (not ending.is_slow and Standing.SLOW in others),
            # Where nobody else is in, calls wait for it rather than each find out for itself.
            at_once=refused_s is not None and not has_fine,
            refused_s=refused_s,
            is_slow=ending.is_slow,
        )

    async def _pause(self, without: Collection[str]) -> float:
        """Return the seconds until the first pause ends; 0: somebody may have room any moment."""
        look = await self._look()
        left = [state for name, state in look.states.items() if name not in without]
        if any(each.health.standing(look.now) is not Standing.PAUSED for each in left):
            return 0.0
        return min(each.health.paused_until - look.now for each in left)

    async def _look(self) -> Look:
        return await self._states.look(list(self._group.endpoints))
