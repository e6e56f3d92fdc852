"""The table of dead letters, in a real PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import DeadLetterNotFoundError, LakeUnavailableError
from neurocortex.lake.store import Lake
from tests.integration.upgrading import upgrade

MakeLetter = Callable[..., DeadLetter]


def test_a_letter_comes_back_as_it_was(letters: DeadLetters, make_letter: MakeLetter) -> None:
    letter = make_letter()
    assert letters.record(letter)
    assert letters.get(letter.flow_run) == letter
    assert letters.list() == (letter,)


def test_there_is_one_letter_for_each_number_of_attempts(
    letters: DeadLetters, make_letter: MakeLetter
) -> None:
    first = make_letter(attempts=1)
    later = make_letter(first.flow_run, attempts=3)
    assert letters.record(first)
    assert not letters.record(make_letter(first.flow_run, attempts=1))
    assert letters.record(later)
    assert len(letters.list()) == 2
    assert letters.get(first.flow_run) == later


def test_of_workers_that_record_a_run_at_once_one_finds_it_new(
    letters: DeadLetters, make_letter: MakeLetter
) -> None:
    letter = make_letter()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(letters.record, [letter] * 16)) == 1
    assert letters.list() == (letter,)


def test_letters_are_chosen_by_tier_flow_time_and_replay(
    letters: DeadLetters, make_letter: MakeLetter
) -> None:
    now = datetime.now(UTC)
    made = [
        make_letter(tier=tier, flow=flow, created=now - timedelta(hours=hours))
        for hours, (tier, flow) in enumerate([("low", "a"), ("low", "b"), ("high", "a")])
    ]
    for letter in reversed(made):
        letters.record(letter)
    assert letters.mark_replayed(made[0], uuid4())
    runs = [letter.flow_run for letter in made]

    def found(**chosen: object) -> list[int]:
        kept = letters.list(**chosen)  # type: ignore[arg-type]
        return [runs.index(letter.flow_run) for letter in kept]

    assert found() == [0, 1, 2]
    assert found(limit=2) == [0, 1]
    assert found(tier="low") == [0, 1]
    assert found(flow="a") == [0, 2]
    assert found(tier="high", flow="b") == []
    assert found(since=now - timedelta(minutes=90)) == [0, 1]
    assert found(is_replayed=True) == [0]
    assert found(is_replayed=False) == [1, 2]


def test_of_people_who_replay_at_once_one_is_noted(
    letters: DeadLetters, make_letter: MakeLetter
) -> None:
    letter = make_letter()
    letters.record(letter)
    replays = [uuid4() for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        marked = list(pool.map(lambda run: letters.mark_replayed(letter, run), replays))
    assert sum(marked) == 1
    first = letters.get(letter.flow_run)
    assert first.replayed_as == replays[marked.index(True)]
    assert not letters.mark_replayed(letter, uuid4())
    assert letters.mark_replayed(first, replays[0])


def test_old_letters_are_pruned(letters: DeadLetters, make_letter: MakeLetter) -> None:
    now = datetime.now(UTC)
    old, young = (make_letter(created=now - timedelta(days=days)) for days in (91, 89))
    letters.record(old)
    letters.record(young)
    assert letters.prune(timedelta(days=90)) == 1
    assert letters.prune(timedelta(days=90)) == 0
    assert letters.list() == (young,)


def test_a_letter_that_is_not_there_is_a_typed_error(letters: DeadLetters) -> None:
    missing = uuid4()
    with pytest.raises(DeadLetterNotFoundError, match="dead list") as raised:
        letters.get(missing)
    assert raised.value.flow_run == missing


def test_a_database_that_was_never_set_up_says_so(
    database_url: str, make_letter: MakeLetter
) -> None:
    with DeadLetters(database_url) as store:
        for call in (store.list, lambda: store.record(make_letter()), lambda: store.get(uuid4())):
            with pytest.raises(LakeUnavailableError, match="`neurocortex up` puts that right"):
                call()


def test_a_database_of_the_version_before_is_brought_up_to_date(
    database_url: str, make_letter: MakeLetter
) -> None:
    with Lake(database_url) as lake:
        upgrade(lake.engine, "0001")
        assert "revision 0001" in (lake.check() or "")
        lake.migrate()
        assert lake.check() is None
    with DeadLetters(database_url) as store:
        assert store.record(make_letter())
