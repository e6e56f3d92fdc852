"""Level 1: bounded in bytes and time, and keeps what is asked for often."""

import random
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.cache.admission import TinyLfu
from neurocortex.cache.keys import Key
from neurocortex.cache.memory import OVERHEAD, MemoryLevel
from neurocortex.cache.sketch import SAMPLE, FrequencySketch
from neurocortex.cache.values import Entry


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(name: object) -> Key:
    return Key("acme", "test", str(name))


def entry(size: int = 100, ttl_s: float = 60.0, stale_s: float = 0.0) -> Entry:
    return Entry(b"x" * size, ttl_s, stale_s, born=0, token=0, tags=())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_entry_is_found_with_its_age_until_its_life_ends(clock: Clock) -> None:
    level = MemoryLevel(10**6, 300, clock)
    level.write(key(1), entry(ttl_s=60, stale_s=30), 5)
    clock.now += 10
    found = level.read(key(1))
    assert found is not None
    assert (found.age_s, found.is_fresh) == (15, True)
    clock.now += 50
    found = level.read(key(1))
    assert found is not None
    assert not found.is_fresh
    clock.now += 26
    assert level.read(key(1)) is None
    assert level.bytes == 0


def test_the_level_keeps_no_entry_longer_than_its_own_limit(clock: Clock) -> None:
    level = MemoryLevel(10**6, 300, clock)
    level.write(key(1), entry(ttl_s=3600), 0)
    clock.now += 299
    assert level.read(key(1)) is not None
    clock.now += 1
    assert level.read(key(1)) is None


def test_an_entry_past_its_life_is_not_taken(clock: Clock) -> None:
    level = MemoryLevel(10**6, 300, clock)
    assert level.write(key(1), entry(ttl_s=60), 60) is None
    assert len(level) == 0


def test_an_entry_larger_than_the_level_is_not_taken_and_drives_nothing_out(clock: Clock) -> None:
    level = MemoryLevel(10_000, 300, clock)
    level.write(key(1), entry(), 0)
    assert level.write(key(2), entry(10_001), 0) is None
    assert level.read(key(1)) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 6000), st.sampled_from(["get", "put", "drop"]))
    )
)
def test_it_never_holds_more_than_its_bound_and_counts_exactly(
    calls: list[tuple[int, int, str]],
) -> None:
    level = MemoryLevel(10_000, 300, Clock())
    latest: dict[int, int] = {}
    for name, size, call in calls:
        if call == "put":
            level.write(key(name), entry(size), 0)
            latest[name] = size
        elif call == "drop":
            level.forget(key(name))
            latest.pop(name, None)
        else:
            found = level.read(key(name))
            assert found is None or len(found.entry.body) == latest[name]
        sizes = [found.entry.body for each in range(21) if (found := level.read(key(each)))]
        assert level.bytes == sum(len(body) + OVERHEAD for body in sizes) <= 10_000


def test_the_sketch_counts_and_halves_its_counts_with_time() -> None:
    sketch = FrequencySketch(64)
    for _ in range(8):
        sketch.record(["often"])
    assert sketch.estimate("often") >= 8
    assert sketch.estimate("never") <= 1
    for number in range(SAMPLE * 2 * sketch.entries):
        sketch.record([f"other {number % 2000}"])
    assert sketch.estimate("often") < 8


def hit_ratio(requests: list[int], capacity: int) -> float:
    policy, hits = TinyLfu(capacity), 0
    for request in requests:
        if policy.request(str(request)):
            hits += 1
        else:
            policy.add(str(request), 1)
    return hits / len(requests)


def lru_ratio(requests: list[int], capacity: int) -> float:
    kept: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for request in requests:
        hits += request in kept
        kept[request] = None
        kept.move_to_end(request)
        if len(kept) > capacity:
            kept.popitem(last=False)
    return hits / len(requests)


def test_a_loop_larger_than_the_level_still_hits() -> None:
    loop = [number % 1000 for number in range(20_000)]
    assert lru_ratio(loop, 500) == 0
    assert hit_ratio(loop, 500) > 0.4


def test_a_scan_does_not_drive_out_what_is_used_often() -> None:
    pick = random.Random(1)
    often = [int(pick.paretovariate(0.9)) for _ in range(10_000)]
    scanned = [each for number, one in enumerate(often) for each in (one, 10**6 + number)]
    assert hit_ratio(scanned, 100) > lru_ratio(scanned, 100) + 0.02


def test_the_window_grows_when_the_newest_are_used_again() -> None:
    """With the window it starts with the policy would hit 14% of these, LRU 65%."""
    pick = random.Random(1)
    recent = [number // 3 - int(pick.expovariate(1 / 60)) for number in range(40_000)]
    assert hit_ratio(recent, 200) > 0.4
