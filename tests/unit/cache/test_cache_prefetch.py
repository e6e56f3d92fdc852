"""What usually follows is brought up before it is asked for, for as long as that pays."""

import contextvars

from neurocortex.cache.keys import Key
from neurocortex.cache.prefetch import MOST_KEYS, MOST_PENDING, REST, SEEN, TRIED, Prefetcher


def key(name: object) -> Key:
    return Key("acme", "test", str(name))


def ask(prefetcher: Prefetcher, *names: object) -> list[Key]:
    """Ask for keys one after another, as a task does; return what the last one leads to."""
    found: list[Key] = []
    for name in names:
        found = prefetcher.asked(key(name), hit=False)
    return found


def in_a_task_of_its_own(prefetcher: Prefetcher, *names: object) -> list[Key]:
    return contextvars.Context().run(ask, prefetcher, *names)


def test_what_followed_each_time_is_expected() -> None:
    prefetcher = Prefetcher()
    for _ in range(SEEN):
        assert in_a_task_of_its_own(prefetcher, "a") == []
        in_a_task_of_its_own(prefetcher, "a", "b", "c")
    assert in_a_task_of_its_own(prefetcher, "a") == [key("b")]
    assert in_a_task_of_its_own(prefetcher, "a", "b") == [key("c")]


def test_what_follows_by_chance_is_not() -> None:
    prefetcher = Prefetcher()
    for number in range(100):
        assert in_a_task_of_its_own(prefetcher, "a", number) == []
    assert in_a_task_of_its_own(prefetcher, "a") == []


def test_a_new_habit_takes_the_place_of_the_old_one() -> None:
    prefetcher = Prefetcher()
    for follower, times in (("old", 20), ("new", 60)):
        for _ in range(times):
            in_a_task_of_its_own(prefetcher, "a", follower)
    assert in_a_task_of_its_own(prefetcher, "a") == [key("new")]


def test_tasks_that_take_turns_do_not_mix_up_the_order() -> None:
    prefetcher = Prefetcher()
    tasks = [contextvars.Context() for _ in range(8)]
    for part in range(6):
        for number, task in enumerate(tasks):
            task.run(ask, prefetcher, f"{number % 4}.{part}")
    for number in range(4):
        assert in_a_task_of_its_own(prefetcher, f"{number}.2") == [key(f"{number}.3")]


def test_it_rests_when_what_it_brings_is_not_used_and_tries_again_later() -> None:
    prefetcher = Prefetcher()
    for _ in range(SEEN):
        in_a_task_of_its_own(prefetcher, "a", "b")
    for number in range(TRIED):
        assert in_a_task_of_its_own(prefetcher, "a") == [key("b")]
        prefetcher.bring(key(f"unused {number}".replace(" ", "-")))
    for _ in range(REST):
        assert in_a_task_of_its_own(prefetcher, "a") == []
    assert in_a_task_of_its_own(prefetcher, "a") == [key("b")]


def test_it_goes_on_when_what_it_brings_is_used() -> None:
    prefetcher = Prefetcher()
    for _ in range(SEEN):
        in_a_task_of_its_own(prefetcher, "a", "b")
    for _ in range(2 * TRIED):
        assert in_a_task_of_its_own(prefetcher, "a") == [key("b")]
        prefetcher.bring(key("b"))
        prefetcher.asked(key("b"), hit=True)
    assert prefetcher.used == prefetcher.brought == 2 * TRIED


def test_what_was_driven_out_before_it_was_asked_for_was_not_used() -> None:
    prefetcher = Prefetcher()
    prefetcher.bring(key("a"))
    prefetcher.asked(key("a"), hit=False)
    assert prefetcher.used == 0
    assert not prefetcher.pending


def test_its_memory_is_bounded() -> None:
    prefetcher = Prefetcher()
    ask(prefetcher, *range(MOST_KEYS + 100))
    assert len(prefetcher._followers) == MOST_KEYS
    for number in range(MOST_PENDING + 100):
        prefetcher.bring(key(number))
    assert len(prefetcher.pending) == MOST_PENDING
