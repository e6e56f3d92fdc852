"""When a worker looks for due runs."""

import asyncio
from collections import Counter

import pytest

from neurocortex.errors import LedgerClosedError
from neurocortex.worker import rounds
from neurocortex.worker.rounds import IDLE_AFTER_S, LONGEST_POLL_S, Rounds

POLL_S = 0.05


class Acts:
    """Counts what is done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.rounds = Rounds(self.look, self.choose, lambda: True, POLL_S)

    async def look(self) -> None:
        self.done["look"] += 1

    async def choose(self) -> None:
        self.done["choose"] += 1


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def during(acts: Acts, seconds: float, *, on: bool = True) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await acts.rounds.run(lambda: on)


@pytest.mark.anyio
async def test_a_call_is_answered_before_it_is_time() -> None:
    acts = Acts()
    acts.rounds = Rounds(acts.look, acts.choose, lambda: True, poll_s=60)
    asyncio.get_running_loop().call_later(0.05, acts.rounds.announce)
    await during(acts, 1.0)
    assert acts.done == {"look": 2}, "at the start, and when it was called"


@pytest.mark.anyio
async def test_a_free_slot_is_given_out_without_another_look() -> None:
    acts = Acts()
    acts.rounds = Rounds(acts.look, acts.choose, lambda: True, poll_s=60)
    asyncio.get_running_loop().call_later(0.05, acts.rounds.freed)
    await during(acts, 1.0)
    assert acts.done == {"look": 1, "choose": 1}


class Failing(Acts):
    """Fails the first two times that it does what it is named after."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.rounds = Rounds(self.look, self.choose, lambda: True, poll_s=60)
        self.failing = act

    async def look(self) -> None:
        await super().look()
        self.fail("look")

    async def choose(self) -> None:
        await super().choose()
        self.fail("choose")

    def fail(self, act: str) -> None:
        if act == self.failing and self.done[act] <= 2:
            raise LedgerClosedError("ledger", "The ledger was lost.")


@pytest.mark.anyio
async def test_a_look_that_fails_is_repeated_before_it_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "AGAIN_S", POLL_S)
    acts = Failing("look")
    await during(acts, 1.0)
    assert acts.done["look"] == 3


@pytest.mark.anyio
async def test_runs_that_are_known_start_while_looks_fail() -> None:
    acts = Failing("look")
    await during(acts, 0.5)
    assert acts.done == {"look": 1, "choose": 1}


@pytest.mark.anyio
async def test_what_waits_is_chosen_from_again_though_nobody_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody does when a tier may have more slots, or when the ledger grants again."""
    monkeypatch.setattr(rounds, "AGAIN_S", POLL_S)
    acts = Failing("choose")
    await during(acts, 1.0)
    assert acts.done["look"] == 1
    assert acts.done["choose"] >= 3


@pytest.mark.anyio
async def test_where_nothing_waits_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "AGAIN_S", POLL_S)
    acts = Acts()
    acts.rounds = Rounds(acts.look, acts.choose, lambda: False, poll_s=60)
    await during(acts, 10 * POLL_S)
    assert acts.done == {"look": 1}


@pytest.mark.anyio
async def test_a_worker_whose_slots_are_freed_all_the_time_still_looks() -> None:
    acts = Acts()

    async def free() -> None:
        while True:
            acts.rounds.freed()
            await asyncio.sleep(POLL_S / 10)

    freeing = asyncio.create_task(free())
    await during(acts, 10 * POLL_S)
    freeing.cancel()
    assert acts.done["look"] >= 3
    assert acts.done["choose"] > acts.done["look"]


@pytest.mark.anyio
async def test_nothing_is_done_before_it_is_on() -> None:
    acts = Acts()
    await during(acts, 3 * POLL_S, on=False)
    assert not acts.done


def test_an_idle_worker_looks_once_a_second_still() -> None:
    busy = Rounds(Acts().look, Acts().choose, lambda: False, poll_s=0.5)
    slow = Rounds(Acts().look, Acts().choose, lambda: False, poll_s=30)
    assert [busy._pause_s(idle=False), busy._pause_s(idle=True)] == [0.5, LONGEST_POLL_S]
    assert slow._pause_s(idle=True) == 30, "who asked for less gets less"
    assert IDLE_AFTER_S > 1
