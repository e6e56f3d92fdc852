"""Level 3: on disk, bounded, right whatever the clock does."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from neurocortex.cache.disk_level import DiskLevel
from neurocortex.cache.keys import Key
from neurocortex.cache.values import Aged, Entry
from neurocortex.errors import CacheUnavailableError


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def key(name: object) -> Key:
    return Key("acme", "test", str(name))


def entry(size: int = 100, ttl_s: float = 60.0) -> Entry:
    return Entry(bytes(range(256)) * (size // 256 + 1), ttl_s, 0.0, born=5, token=6, tags=("a",))


def on(
    folder: Path,
    story: Callable[[DiskLevel, Clock], Awaitable[None]],
    max_bytes: int = 10**6,
    max_s: float = 3600.0,
) -> None:
    async def run() -> None:
        clock = Clock()
        level = DiskLevel(folder / "deep" / "cache.db", max_bytes, max_s, clock)
        await story(level, clock)
        await level.close()

    asyncio.run(run())


def test_an_entry_comes_back_as_it_was_with_its_age(tmp_path: Path) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        assert await level.put(key(1), entry(5000), 5.0) == 0
        clock.now += 10
        assert await level.get(key(1)) == Aged(entry(5000), 15.0)
        assert await level.get(key(2)) is None
        await level.drop(key(1))
        assert await level.get(key(1)) is None

    on(tmp_path, story)


def test_it_survives_the_process_and_two_share_it(tmp_path: Path) -> None:
    async def write(level: DiskLevel, clock: Clock) -> None:
        await level.put(key(1), entry(), 0.0)
        second = DiskLevel(tmp_path / "deep" / "cache.db", 10**6, 3600, clock)
        assert await second.get(key(1)) is not None
        await second.close()

    async def read(level: DiskLevel, clock: Clock) -> None:
        assert await level.get(key(1)) is not None

    on(tmp_path, write)
    on(tmp_path, read)


def test_no_entry_outlives_itself_or_the_levels_limit(tmp_path: Path) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        await level.put(key("short"), entry(ttl_s=10), 0.0)
        await level.put(key("long"), entry(ttl_s=1000), 0.0)
        assert await level.put(key("over"), entry(ttl_s=10), 10.0) is None
        clock.now += 10
        assert await level.get(key("short")) is None
        assert await level.get(key("long")) is not None
        clock.now += 40
        assert await level.get(key("long")) is None

    on(tmp_path, story, max_s=50)


@pytest.mark.parametrize("jump_s", [-7200.0, -1.0, 7200.0])
def test_a_jump_of_the_clock_makes_misses_not_older_values(tmp_path: Path, jump_s: float) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        await level.put(key(1), entry(), 0.0)
        clock.now += jump_s
        assert await level.get(key(1)) is None

    on(tmp_path, story)


def test_those_used_longest_ago_make_room(tmp_path: Path) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        for number in range(3):
            await level.put(key(number), entry(900, 3600), 0.0)
            clock.now += 100
        assert await level.get(key(0)) is not None  # notes its use
        evicted = await level.put(key(3), entry(900, 3600), 0.0)
        assert evicted is not None
        assert evicted > 900
        found = [await level.get(key(number)) is not None for number in range(4)]
        assert found == [True, False, True, True]

    on(tmp_path, story, max_bytes=3600)


def test_what_is_larger_than_the_level_is_not_taken(tmp_path: Path) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        await level.put(key(0), entry(), 0.0)
        assert await level.put(key(1), entry(1000), 0.0) is None
        assert await level.get(key(0)) is not None

    on(tmp_path, story, max_bytes=900)


def test_a_file_damaged_while_it_is_open_is_given_up_and_made_anew(tmp_path: Path) -> None:
    async def story(level: DiskLevel, clock: Clock) -> None:
        for number in range(50):
            await level.put(key(number), entry(4000), 0.0)
        await level.close()
        file = tmp_path / "deep" / "cache.db"
        whole = bytearray(file.read_bytes())
        whole[4096:] = b"\xff" * (len(whole) - 4096)
        file.write_bytes(whole)
        again = DiskLevel(file, 10**6, 3600, clock)
        with pytest.raises(CacheUnavailableError):
            await again.get(key(7))
        assert await again.put(key(7), entry(), 0.0) == 0
        assert await again.get(key(7)) is not None
        await again.close()

    async def run() -> None:
        clock = Clock()
        await story(DiskLevel(tmp_path / "deep" / "cache.db", 10**6, 3600, clock), clock)

    asyncio.run(run())
