"""Which models stay in memory, and that there are never two copies of one."""

import os
import threading
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import pool as benchmark
from neurocortex.errors import ModelBusyError, ModelMemoryError
from neurocortex.forge.pool import ModelPool
from neurocortex.forge.pooled import Pooling
from neurocortex.forge.pressure import MemoryPressure, cgroups, resident_mb

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Model:
    size: int


@dataclass
class Now:
    """A clock that a test sets."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Loads:
    """Makes models, and takes its time by the clock of a test."""

    now: Now = field(default_factory=Now)
    made: list[str] = field(default_factory=list)

    def of(self, name: str, size: int = 10, seconds: float = 1.0) -> Callable[[], Model]:
        def load() -> Model:
            self.now.seconds += seconds
            self.made.append(name)
            return Model(size)

        return load


def asked(pool: ModelPool[Model], name: str, load: Callable[[], Model]) -> Model:
    with pool.using(name, load) as model:
        return model


def test_a_model_is_loaded_once_however_many_ask() -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100))
    everybody, loads = threading.Barrier(8), Loads()

    def ask(_: int) -> Model:
        everybody.wait()
        return asked(pool, "a", loads.of("a"))

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert len({id(model) for model in found}) == len(loads.made) == 1


def test_who_waits_for_a_load_that_fails_hears_why_and_the_next_tries_again() -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100))

    def fail() -> Model:
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        asked(pool, "a", fail)
    assert asked(pool, "a", lambda: Model(1)).size == 1


def test_what_is_asked_for_often_and_dear_to_load_stays() -> None:
    loads = Loads()
    pool: ModelPool[Model] = ModelPool(Pooling(100), clock=loads.now)
    for _ in range(3):
        asked(pool, "dear", loads.of("dear", 50, seconds=10))
    asked(pool, "cheap", loads.of("cheap", 50, seconds=0.1))
    asked(pool, "new", loads.of("new", 50))
    asked(pool, "dear", loads.of("dear", 50))
    assert loads.made == ["dear", "cheap", "new"]


def test_a_model_in_use_is_not_unloaded_so_that_nobody_loads_it_a_second_time() -> None:
    loads = Loads()
    pool: ModelPool[Model] = ModelPool(Pooling(10), clock=loads.now)
    with pool.using("held", loads.of("held")):
        asked(pool, "other", loads.of("other"))
        asked(pool, "held", loads.of("held"))
    assert loads.made == ["held", "other"]
    asked(pool, "third", loads.of("third"))
    assert pool.figures().bytes <= 10


def test_so_many_use_a_model_at_once_and_no_more() -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100, at_once=2, busy_s=0.05))
    load = Loads().of("a")
    with pool.using("a", load), pool.using("a", load):
        with pytest.raises(ModelBusyError, match=r"2 times at once.*NEUROCORTEX_FORGE__AT_ONCE"):
            asked(pool, "a", load)
        asked(pool, "b", load)
    assert asked(pool, "a", load).size == 10


def test_a_deployment_may_allow_fewer() -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100, busy_s=0.05))
    load = Loads().of("a")
    with pool.using("a", load, at_once=1), pytest.raises(ModelBusyError):
        asked(pool, "a", load)


def test_a_model_is_warmed_up_before_anybody_gets_it() -> None:
    warmed: list[Model] = []
    pool: ModelPool[Model] = ModelPool(Pooling(100), warm=warmed.append)
    for _ in range(2):
        assert asked(pool, "a", lambda: Model(7)) in warmed
    assert len(warmed) == 1


def test_a_model_that_cannot_be_warmed_up_is_not_kept() -> None:
    def refuse(model: Model) -> None:
        raise ValueError("it cannot predict")

    pool: ModelPool[Model] = ModelPool(Pooling(100), warm=refuse)
    with pytest.raises(ValueError, match="cannot predict"):
        asked(pool, "a", lambda: Model(1))
    assert pool.figures().models == 0


def test_where_memory_is_short_what_is_worth_least_goes_until_it_is_not() -> None:
    loads, short = Loads(), [False]
    pool: ModelPool[Model] = ModelPool(
        Pooling(100),
        is_short=lambda: short[0] and pool.figures().models > 1,
        clock=loads.now,
    )
    asked(pool, "cheap", loads.of("cheap", seconds=0.1))
    asked(pool, "dear", loads.of("dear", seconds=10))
    short[0] = True
    loads.now.seconds += 60
    asked(pool, "dear", loads.of("dear"))
    assert loads.made == ["cheap", "dear"]
    assert (pool.figures().models, pool.figures().evictions) == (1, 1)


@pytest.mark.parametrize("kind", [MemoryError, ModelMemoryError], ids=["python", "forge"])
def test_a_model_for_which_the_memory_does_not_suffice_takes_that_of_others(
    kind: type[Exception],
) -> None:
    loads = Loads()
    pool: ModelPool[Model] = ModelPool(Pooling(100), clock=loads.now)
    asked(pool, "other", loads.of("other"))

    def load() -> Model:
        if pool.figures().models:
            raise MemoryError if kind is MemoryError else _no_memory_left()
        return Model(90)

    assert asked(pool, "large", load).size == 90


def test_a_model_larger_than_it_may_be_takes_nothing_from_others() -> None:
    loads = Loads()
    pool: ModelPool[Model] = ModelPool(Pooling(100), clock=loads.now)
    asked(pool, "other", loads.of("other"))

    def load() -> Model:
        raise ModelMemoryError("large", "it may have 10 bytes")

    with pytest.raises(ModelMemoryError):
        asked(pool, "large", load)
    assert pool.figures().models == 1


def test_what_nobody_asks_for_is_unloaded_though_nobody_asks_for_anything() -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100, idle_s=0.0, tend_s=0.01))
    asked(pool, "a", lambda: Model(1))
    ended = threading.Event()
    for _ in range(round(PATIENCE_S / 0.05)):
        if ended.wait(0.05) or not pool.figures().models:
            break
    assert pool.figures().models == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 60)), max_size=60))
def test_it_never_holds_more_than_it_may_but_for_one(uses: list[tuple[str, int]]) -> None:
    pool: ModelPool[Model] = ModelPool(Pooling(100, tend_s=0.01, idle_s=0.0))
    sizes = dict(uses)
    for name, _ in uses:
        assert asked(pool, name, lambda name=name: Model(sizes[name])).size == sizes[name]  # type: ignore[misc]
        assert pool.figures().bytes <= 100


def test_it_loads_again_for_less_than_a_pool_that_keeps_what_was_used_last() -> None:
    figures = benchmark.run(Namespace(quick=True))
    assert figures["cost_ratio"] < 0.95
    assert figures["hit_ratio"] > figures["lru_hit_ratio"]


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


V2 = {
    "proc/self/cgroup": "0::/platform/lane\n",
    "sys/fs/cgroup/platform/memory.max": "1000\n",
    "sys/fs/cgroup/platform/memory.current": "950\n",
    "sys/fs/cgroup/platform/memory.stat": "anon 800\ninactive_file 100\n",
    "sys/fs/cgroup/platform/lane/memory.max": "max\n",
    "sys/fs/cgroup/platform/lane/memory.current": "950\n",
}
V1 = {
    "proc/self/cgroup": "4:memory:/docker/abc\n3:cpuset:/\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "950\n",
    "sys/fs/cgroup/memory/memory.stat": "cache 10\ntotal_inactive_file 100\n",
}


@pytest.mark.parametrize("files", [V2, V1], ids=["a parent's, version 2", "a container's, 1"])
def test_the_bound_of_a_cgroup_counts_without_pages_that_can_go(
    files: dict[str, str], tmp_path: Path
) -> None:
    assert list(cgroups(written(tmp_path, files))) == [(850, 1000)]


def test_memory_is_short_when_a_bound_is_nearly_met(tmp_path: Path) -> None:
    full = {**V2, "sys/fs/cgroup/platform/memory.current": "1010\n"}
    assert MemoryPressure(root=written(tmp_path, full))()


def test_a_process_may_have_a_bound_of_its_own() -> None:
    held = resident_mb(os.getpid())
    assert MemoryPressure(process_mb=held / 2)()


def _no_memory_left() -> ModelMemoryError:
    error = ModelMemoryError("large", "there is not so much memory left here")
    error.__cause__ = MemoryError()
    return error
