"""What a lane process knows of rollouts: kept while nobody answers, and counted exactly."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError as NoRedis

from neurocortex.rollout import standing as module
from neurocortex.rollout.plan import Arm, Deployed, Rollout, State, Strategy
from neurocortex.rollout.rollouts import BEGUN, settled
from neurocortex.rollout.standing import COPIES, Standing
from neurocortex.rollout.store import Snapshot

ROLLOUT = Rollout(
    id=uuid4(),
    forge="default",
    model="wine",
    strategy=Strategy.CANARY,
    percent=10,
    stable=Deployed(version=1),
    candidate=Deployed(version=2),
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)
KNOWN = Snapshot(revision=1, rollouts=(ROLLOUT,))


def test_what_was_known_holds_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    monkeypatch.setattr(module, "AGREED_S", 0.0)
    answers: list[Snapshot | Exception] = [KNOWN, NoRedis("away")]

    async def read() -> Snapshot:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def scenario() -> None:
        standing = Standing(read)
        assert await standing.of("default", "wine") == ROLLOUT
        standing.warmed(ROLLOUT)
        assert await standing.of("default", "wine") == ROLLOUT
        assert standing.is_warm(ROLLOUT)
        assert answers == []

    asyncio.run(scenario())


def test_an_end_is_told_and_nothing_is_warm_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    monkeypatch.setattr(module, "AGREED_S", 0.0)
    ended = ROLLOUT.ended(State.RETURNED, "worse", datetime.now(UTC))
    answers = [KNOWN, KNOWN, Snapshot(revision=2, rollouts=(ended,))]
    told: list[State] = []

    async def read() -> Snapshot:
        return answers.pop(0)

    async def scenario() -> None:
        standing = Standing(read, lambda each: told.append(each.state))
        for _ in range(3):
            await standing.snapshot()
            standing.warmed(ROLLOUT) if answers else None
        assert not standing.is_warm(ROLLOUT)

    asyncio.run(scenario())
    assert told == [State.RUNNING, State.RETURNED]


def test_counts_are_told_once_and_come_back_when_they_could_not_be() -> None:
    async def read() -> Snapshot:
        return KNOWN

    async def scenario() -> None:
        standing = Standing(read)
        await standing.snapshot()
        standing.answered(ROLLOUT, Arm.CANDIDATE, failed=True)
        standing.answered(ROLLOUT, Arm.STABLE, failed=False)
        standing.computed("default", "wine", 2, 0.001)
        standing.computed("default", "wine", 7, 0.001)  # of no arm
        taken = standing.taken()
        counts, broken = taken[ROLLOUT.id]
        assert broken == ""
        assert counts["candidate:errors"] == counts["candidate:requests"] == 1
        assert counts["stable:requests"] == 1
        assert sum(counts.values()) == 4
        assert standing.taken() == {}
        standing.put_back(ROLLOUT.id, counts, broken)
        assert standing.taken() == taken

    asyncio.run(scenario())


def test_copies_beyond_the_bound_are_left_out() -> None:
    done: list[int] = []

    async def read() -> Snapshot:
        return KNOWN

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    async def scenario() -> None:
        standing = Standing(read)
        for number in range(COPIES + 3):
            standing.copy(work(number))
        await standing.copied()

    asyncio.run(scenario())
    assert done == list(range(COPIES))


@pytest.mark.parametrize(
    ("champion", "state"),
    [(1, None), (None, None), (2, State.PROMOTED), (3, State.SUPERSEDED)],
    ids=str,
)
def test_a_champion_made_by_hand_ends_a_rollout(champion: int | None, state: State | None) -> None:
    later = ROLLOUT.started_at + BEGUN
    found = settled(ROLLOUT, champion, later)
    assert (found.state if found else None) is state
    assert settled(ROLLOUT, champion, ROLLOUT.started_at) is None
