"""Who is let in, and until when: the queues of both lanes, counted in Redis."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.admission import layout, scripts
from neurocortex.admission.answers import Answer, standing
from neurocortex.admission.layout import TIERS
from neurocortex.admission.limits import Limits
from neurocortex.admission.refusals import refusal
from neurocortex.admission.rules import FIRST_RATE, Verdict, shed_at, shed_tiers
from neurocortex.admission.together import Together
from neurocortex.admission.values import (
    Admitted,
    Pressure,
    QueueStanding,
    Standing,
    StreamEntry,
    Ticket,
)
from neurocortex.domain.deployments import Tier
from neurocortex.errors import AdmissionUnavailableError
from neurocortex.lua import LuaScripts
from neurocortex.redis_line import Argument
from neurocortex.routing.route import Lane

NAMESPACE: Final = "neurocortex"
"""What all keys start with, unless told otherwise."""

SECOND: Final = 1_000_000
"""In microseconds."""

UNREACHED_RETRY_S: Final = 2.0
"""A Redis that was killed is up again by then."""

LEAST_ESTIMATE_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all requests of one lane and tier have in common in a call of ADMIT."""

    queues: tuple[str, ...]
    drain: str
    before: tuple[Argument, ...]
    """Arguments up to the places that are served at once."""
    after: tuple[Argument, ...]
    """Those from the length of a place on."""


class Admission:
    """One per process and event loop. Each method is one atomic step in Redis.

    Each raises `AdmissionUnavailableError` when Redis does not answer: nobody is let in then. All
    can be repeated. A request that was cancelled while it was being admitted may have its place;
    it ends after `Limits.place_s`.
    """

    def __init__(self, redis: Redis, limits: Limits, namespace: str = NAMESPACE) -> None:
        """Count in a Redis.

        Args:
            redis: a client; whether it decodes answers does not matter.
            limits: the same in every process of the platform.
            namespace: what all keys start with, those of streams too.
        """
        self.limits = limits
        self._scripts = LuaScripts(redis, namespace)
        self._together = Together(redis)
        self._shed_key = self._scripts.key(layout.SHED)
        self._plans = {(lane, tier): self._plan(lane, tier) for lane in Lane for tier in TIERS}

    async def admit(self, ticket: Ticket, append: StreamEntry | None = None) -> Admitted:
        """Let a request in: it has a place until its ticket is released.

        Args:
            ticket: asking again with the same one changes nothing.
            append: to add to a stream in the same step.

        Raises:
            QueueFullError: as many wait as may.
            TenantQueueFullError: as many of the tenant's.
            DeadlineImpossibleError: it would end after its deadline.
            SheddingError: its tier is refused for the load.
            AdmissionUnavailableError: Redis does not answer.
        """
        left_s = None if ticket.deadline is None else ticket.deadline - time.time()
        with reached():
            found = await self._together.script(
                scripts.ADMIT, self._admit_call(ticket, append, left_s)
            )
        answer = Answer.of(found)
        if answer.verdict is not Verdict.ADMITTED:
            raise refusal(ticket, answer, self.limits, left_s)
        return Admitted(answer.position, answer.wait_s)

    async def release(self, ticket: Ticket) -> bool:
        """End a place: its request has started (standard), or ended (real-time).

        Returns:
            Whether there was one.
        """
        with reached():
            return bool(await self._together.script(scripts.RELEASE, self._release_call(ticket)))

    def release_command(self, ticket: Ticket) -> Sequence[Argument]:
        """Return the command that ends a place, for a caller who sends it with others.

        The script goes in full: by its digest it would be refused after Redis has started again.
        """
        return ("EVAL", scripts.RELEASE, *self._release_call(ticket))

    async def hold(self, tickets: Sequence[Ticket]) -> None:
        """Renew places, or enter them again where Redis has lost them, even beyond a bound."""
        place = round(self.limits.place_s * SECOND)
        ordered = sorted(tickets, key=_holder)
        with reached():
            for _, group in groupby(ordered, key=_holder):
                same = list(group)
                await self._run(
                    scripts.HOLD,
                    layout.release_keys(same[0])[:2],
                    [place, *(str(ticket.id) for ticket in same)],
                )

    async def shed(self, pressure: Pressure) -> Sequence[Tier]:
        """Refuse the tiers that a machine's load forbids, from now on for `Limits.shed_for_s`."""
        load = max(pressure.cpu, pressure.memory)
        tiers = shed_tiers(load, self.limits.shed_above)
        if tiers:
            duration = round(self.limits.shed_for_s * SECOND)
            with reached():
                await self._run(
                    scripts.SHED, [layout.SHED], [duration, *(tier.value for tier in tiers)]
                )
        return tiers

    async def standing(self) -> Standing:
        """Look at all queues."""
        realtime = await self._standing(Lane.REALTIME, TIERS)
        queues = [await self._standing(Lane.STANDARD, [tier]) for tier in TIERS]
        return Standing(
            realtime=realtime,
            standard={tier: each for queue in queues for tier, each in queue.items()},
        )

    async def _standing(self, lane: Lane, tiers: Sequence[Tier]) -> dict[Tier, QueueStanding]:
        with reached():
            answer = await self._run(
                scripts.STANDING,
                [layout.SHED, layout.drain(lane, tiers[0]), *layout.queue(lane, tiers[0])],
                [
                    self.limits.servers(lane),
                    repr(_first_rate(lane, LEAST_ESTIMATE_S, self.limits)),
                    *(tier.value for tier in tiers),
                ],
            )
        return standing(answer, tiers, self.limits.bound(lane, tiers[0]))

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> object:
        names = [self._scripts.key(name) for name in keys]
        return await self._together.script(script, [len(names), *names, *arguments])

    def _plan(self, lane: Lane, tier: Tier) -> _Plan:
        limits = self.limits
        queues = layout.queue(lane, tier)
        bound = limits.bound(lane, tier)
        own = queues.index(layout.held(lane, tier)) + 1
        return _Plan(
            queues=tuple(self._scripts.key(name) for name in queues),
            drain=self._scripts.key(layout.drain(lane, tier)),
            before=(
                tier.value,
                own,
                len(queues),
                bound,
                limits.tenant_bound(lane, tier),
                limits.servers(lane),
            ),
            after=(
                round(limits.place_s * SECOND),
                round(limits.shed_for_s * SECOND),
                *(_sheds(other, lane, tier, limits) for other in (Tier.LOW, Tier.MEDIUM)),
            ),
        )

    def _admit_call(
        self, ticket: Ticket, append: StreamEntry | None, left_s: float | None
    ) -> list[Argument]:
        plan = self._plans[ticket.lane, ticket.tier]
        tenant = self._scripts.key(layout.tenant(ticket.lane, ticket.tier, ticket.tenant))
        call: list[Argument] = [
            3 + len(plan.queues) + (append is not None),
            self._shed_key,
            tenant,
            plan.drain,
            *plan.queues,
        ]
        if append is not None:
            call.append(self._scripts.key(append.stream))
        call += (
            str(ticket.id),
            *plan.before,
            repr(_first_rate(ticket.lane, ticket.estimate_s, self.limits)),
            round(ticket.estimate_s * SECOND),
            -1 if left_s is None else max(0, round(left_s * SECOND)),
            *plan.after,
        )
        if append is not None:
            for name, value in append.fields.items():
                call += (name, value)
        return call

    def _release_call(self, ticket: Ticket) -> list[Argument]:
        keys = [self._scripts.key(name) for name in layout.release_keys(ticket)]
        return [len(keys), *keys, str(ticket.id), self.limits.servers(ticket.lane)]


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the admission's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise AdmissionUnavailableError(reason, UNREACHED_RETRY_S) from error


def _first_rate(lane: Lane, estimate_s: float, limits: Limits) -> float:
    """Return the rate to assume before any was measured, per second."""
    if lane is Lane.STANDARD:
        return FIRST_RATE
    return limits.realtime_concurrency / max(estimate_s, LEAST_ESTIMATE_S)


def _sheds(other: Tier, lane: Lane, tier: Tier, limits: Limits) -> int:
    """Return the places from which a queue makes another tier be refused; 0: it never does."""
    urgent = Tier.CRITICAL if lane is Lane.REALTIME else tier
    at = shed_at(other, limits.shed_above)
    if at is None or other not in shed_tiers(1.0, limits.shed_above, urgent):
        return 0
    return max(1, int(at * limits.bound(lane, tier)))


def _holder(ticket: Ticket) -> tuple[str, str, str]:
    return ticket.lane.value, ticket.tier.value, ticket.tenant
