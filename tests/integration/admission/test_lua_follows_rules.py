"""The scripts decide as the pure rules do, whatever happens in whatever order.

The scripts run in a real Redis, with a clock that the test sets.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from neurocortex.admission import admission, scripts
from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.rules import FIRST_RATE, Drain, Queue, Terms, Verdict, judge, shed_tiers
from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    AdmissionError,
    DeadlineImpossibleError,
    QueueFullError,
    SheddingError,
    TenantQueueFullError,
)
from neurocortex.routing.route import Lane

LIMITS = Limits(
    queues={Tier.CRITICAL: 3, Tier.HIGH: 4, Tier.MEDIUM: 5, Tier.LOW: 6},
    realtime_concurrency=2,
    realtime_buffer=4,
    tenant_share=0.67,
    shed_for_s=3.0,
    place_s=5.0,
)
VERDICTS: dict[type[AdmissionError], Verdict] = {
    SheddingError: Verdict.SHED,
    QueueFullError: Verdict.QUEUE_FULL,
    TenantQueueFullError: Verdict.TENANT_FULL,
    DeadlineImpossibleError: Verdict.DEADLINE,
}
CLOCK = "clock-of-the-test"
BEGIN_S = 2_000_000_000.0
"""In the future, as Redis deletes keys by its own clock."""


class FrozenTime:
    @staticmethod
    def time() -> float:
        return 0.0


@dataclass
class Model:
    """The queues as plain values."""

    now: float = 0.0
    places: dict[UUID, tuple[Ticket, float]] = field(default_factory=dict)
    drains: dict[tuple[Lane, Tier | None], Drain] = field(
        default_factory=lambda: defaultdict(Drain)
    )
    shed: dict[Tier, float] = field(default_factory=dict)

    def admit(self, ticket: Ticket) -> tuple[Verdict, float]:
        self.expire()
        servers = LIMITS.servers(ticket.lane)
        held = self.sharing(ticket)
        realtime = ticket.lane is Lane.REALTIME
        first = 2 / ticket.estimate_s if realtime else FIRST_RATE
        order = list(Tier)
        queue = Queue(
            held=len(held),
            ahead=sum(order.index(each.tier) <= order.index(ticket.tier) for each in held),
            of_tenant=sum(each.tenant == ticket.tenant for each in held),
            rate=self.drains[key(ticket)].now(self.now, len(held) > servers, first),
            shed=self.shed.get(ticket.tier, 0.0) > self.now,
        )
        bound = LIMITS.bound(ticket.lane, ticket.tier)
        terms = Terms(
            bound=bound,
            tenant_bound=LIMITS.tenant_bound(ticket.lane, ticket.tier),
            servers=servers,
            estimate_s=ticket.estimate_s,
            left_s=ticket.deadline,
        )
        verdict = judge(queue, terms)
        if verdict is Verdict.ADMITTED:
            self.places[ticket.id] = (ticket, self.now + LIMITS.place_s)
            if len(held) == servers:
                self.drains[key(ticket)] = self.drains[key(ticket)].backlogged(self.now)
            urgent = Tier.CRITICAL if realtime else ticket.tier
            # Whole places: what is above 0.85 of 6 is above 5.
            at = {tier: max(1, int(share * bound)) for tier, share in SHARES.items()}
            for tier in shed_tiers(1.0, LIMITS.shed_above, urgent):
                if len(held) + 1 >= at[tier]:
                    self.shed[tier] = self.now + LIMITS.shed_for_s
        return verdict, queue.wait_s(servers)

    def release(self, ticket: Ticket) -> bool:
        self.expire()
        if ticket.id not in self.places:
            return False
        before = len(self.sharing(ticket))
        servers = LIMITS.servers(ticket.lane)
        del self.places[ticket.id]
        drain = self.drains[key(ticket)]
        self.drains[key(ticket)] = drain.released(self.now, before > servers, before - 1 > servers)
        return True

    def hold(self, ticket: Ticket) -> None:
        self.expire()
        self.places[ticket.id] = (ticket, self.now + LIMITS.place_s)

    def sharing(self, ticket: Ticket) -> list[Ticket]:
        return [each for each, _ in self.places.values() if key(each) == key(ticket)]

    def expire(self) -> None:
        self.places = {id_: place for id_, place in self.places.items() if place[1] > self.now}


SHARES = {Tier.LOW: 0.85, Tier.MEDIUM: 0.925}


def key(ticket: Ticket) -> tuple[Lane, Tier | None]:
    return ticket.lane, None if ticket.lane is Lane.REALTIME else ticket.tier


ADMITS = st.tuples(
    st.just("admit"),
    st.sampled_from(list(Lane)),
    st.sampled_from([Tier.CRITICAL, Tier.HIGH, Tier.HIGH, Tier.MEDIUM, Tier.LOW]),
    st.sampled_from(["acme", "acme", "umbrella"]),
    st.sampled_from([0.01, 0.3]),
    st.sampled_from([None] * 5 + [0.2034, 1.1037, 9.7071]),
)
EARLIER = st.tuples(st.sampled_from(["release", "release", "hold", "again"]), st.integers(0, 30))
TICKS = st.tuples(st.just("tick"), st.sampled_from([0.004, 0.2503, 0.2503, 1.03, 4.1]))


@settings(max_examples=30, deadline=None)
@given(events=st.lists(st.one_of(ADMITS, ADMITS, EARLIER, TICKS), min_size=20, max_size=80))
def test_same_verdicts(redis_server_url: str, events: list[tuple[object, ...]]) -> None:
    asyncio.run(_same_verdicts(redis_server_url, events))


async def _same_verdicts(url: str, events: list[tuple[object, ...]]) -> None:
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
        with pytest.MonkeyPatch.context() as patch:
            for name in ("ADMIT", "RELEASE", "HOLD"):
                own = f"redis.call('LRANGE', '{CLOCK}', 0, -1)"
                text = getattr(scripts, name).replace("redis.call('TIME')", own)
                patch.setattr(scripts, name, text)
            patch.setattr(admission, "time", FrozenTime)
            real, model = Admission(redis, LIMITS), Model()
            tickets: list[Ticket] = []
            for kind, *rest in [("tick", BEGIN_S), *events]:
                match kind, rest:
                    case "admit", [Lane() as lane, Tier() as tier, str(tenant), *more]:
                        estimate_s, left_s = more
                        assert isinstance(estimate_s, float)
                        assert left_s is None or isinstance(left_s, float)
                        ticket = Ticket(uuid4(), lane, tier, tenant, estimate_s, left_s)
                        tickets.append(ticket)
                        verdict, wait_s = await _asked(real, ticket)
                        expected, expected_s = model.admit(ticket)
                        assert verdict is expected
                        if wait_s is not None:
                            assert wait_s == pytest.approx(expected_s, rel=1e-3, abs=1e-5)
                    case "tick", [float(seconds)]:
                        model.now += seconds
                        micros = round(model.now * 1_000_000)
                        await redis.delete(CLOCK)
                        await redis.rpush(CLOCK, micros // 1_000_000, micros % 1_000_000)
                    case "release", [int(which)] if which < len(tickets):
                        assert await real.release(tickets[which]) == model.release(tickets[which])
                    case "hold", [int(which)] if which < len(tickets):
                        await real.hold([tickets[which]])
                        model.hold(tickets[which])
                    case "again", [int(which)] if which < len(tickets):
                        model.expire()
                        if tickets[which].id in model.places:
                            assert (await _asked(real, tickets[which]))[0] is Verdict.ADMITTED
                    case _:
                        pass


async def _asked(admission: Admission, ticket: Ticket) -> tuple[Verdict, float | None]:
    try:
        return Verdict.ADMITTED, (await admission.admit(ticket)).expected_start_s
    except DeadlineImpossibleError as error:
        return Verdict.DEADLINE, error.start_s
    except AdmissionError as error:
        return VERDICTS[type(error)], None
