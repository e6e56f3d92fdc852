"""What all processes did, as Prometheus sees it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from neurocortex.cache.addresses import Address
from neurocortex.cache.client import NAMESPACE
from neurocortex.cache.counters import HELD, read_totals
from neurocortex.cache.keys import Key
from neurocortex.cache.metrics import CacheCollector
from neurocortex.cache.process import ProcessCache, open_results
from neurocortex.settings import CacheSettings, Settings


def scraped(url: str) -> dict[tuple[str, str], float]:
    """Return each sample by its name and level."""
    registry = CollectorRegistry()
    with Redis.from_url(url) as redis:
        registry.register(CacheCollector(redis))
        text = generate_latest(registry).decode()
    return {
        (sample.name, sample.labels.get("level", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


@pytest.fixture
def processes(redis_url: str, tmp_path: Path) -> Iterator[list[ProcessCache]]:
    """Two processes of different machines."""
    small = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)
    opened = [
        ProcessCache(
            lambda home=tmp_path / name: open_results(  # type: ignore[misc]
                Settings(home=home, cache=small), redis_url, 3.0
            )
        )
        for name in "ab"
    ]
    yield opened
    for process in opened:
        process.close()


def test_the_counts_of_processes_that_ended_are_kept(
    redis_url: str, processes: list[ProcessCache]
) -> None:
    key = Key("acme", "summaries", "1")
    first, second = processes
    assert first.call(lambda results: results.read(key)) is None
    first.call(lambda results: results.write(Address(key, 60.0), b"value"))
    assert first.call(lambda results: results.read(key))
    assert second.call(lambda results: results.read(key))
    for process in processes:
        process.close()

    seen = scraped(redis_url)
    assert seen["neurocortex_cache_up", ""] == 1
    assert seen["neurocortex_cache_hits_total", "memory"] == 1
    assert seen["neurocortex_cache_hits_total", "redis"] == 1
    assert seen["neurocortex_cache_misses_total", "memory"] == 2
    assert seen["neurocortex_cache_misses_total", "disk"] == 1
    assert seen["neurocortex_cache_fills_total", "redis"] == 1
    assert seen["neurocortex_cache_redis_entries", ""] == 1
    assert seen["neurocortex_cache_held_bytes", "redis"] > 0
    assert ("neurocortex_cache_held_bytes", "memory") not in seen, "they have ended"
    assert seen["neurocortex_cache_read_seconds_count", "redis"] == 2
    assert 0 < seen["neurocortex_cache_read_seconds_sum", "redis"] < 2


def test_without_redis_a_scrape_says_that_it_is_down() -> None:
    assert scraped("redis://127.0.0.1:9/0") == {("neurocortex_cache_up", ""): 0}


def test_what_a_killed_process_held_is_forgotten(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.hset(f"{NAMESPACE}:{HELD}", "memory host:1:2", f"4096 {time.time() - 60:.0f}")
        redis.hset(f"{NAMESPACE}:{HELD}", "memory host:3:4", f"1024 {time.time():.0f}")
        assert read_totals(redis).held["memory"] == 1024
        assert redis.hlen(f"{NAMESPACE}:{HELD}") == 1
