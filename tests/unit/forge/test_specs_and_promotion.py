"""Training specs in YAML, who may serve, and which models stay in memory."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.errors import TrainingSpecError
from neurocortex.forge import catalog
from neurocortex.forge.pool import ModelPool
from neurocortex.forge.promotion import decide
from neurocortex.forge.scores import Scores

SPEC = """
name: fares
description: The fare of a ride.
task: regression
table: rides
target: fare
estimator: ridge
metric: r2
"""


def test_the_shipped_specs_can_be_read(tmp_path: Path) -> None:
    for path in sorted(catalog.SHIPPED.glob("*.yaml")):
        assert catalog.find(path.stem, tmp_path).name == path.stem


def test_a_users_spec_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    (tmp_path / "fares.yaml").write_text(SPEC)
    assert catalog.find("fares", tmp_path) == catalog.find(f"{tmp_path}/fares.yaml", Path("none"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("metric: r2", "metric: accuracy"), "no metric of regression: r2"),
        (("target: fare", "target: fare\nfeatures: [fare]"), "among the features"),
        (("estimator", "estimtor"), "Did you mean 'estimator'"),
        (("name: fares", "name: rides"), "must be named as the model in it: rides"),
    ],
)
def test_a_wrong_spec_says_what_is_allowed(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    (tmp_path / "fares.yaml").write_text(SPEC.replace(*change))
    with pytest.raises(TrainingSpecError, match=message):
        catalog.find("fares", tmp_path)


def test_a_spec_there_is_none_of_is_said_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TrainingSpecError, match="Did you mean 'wine_cultivar'"):
        catalog.find("wine_cultivars", tmp_path)


def scores(held_out: float, baseline: float = 0.4) -> Scores:
    return Scores(metric="accuracy", folds=(held_out,), held_out=held_out, baseline=baseline)


@pytest.mark.parametrize(
    ("held_out", "champion", "at_least", "registered", "promoted", "reason"),
    [
        (0.9, None, None, True, True, "no other version serves"),
        (0.9, 0.8, None, True, True, "against the champion's 0.8"),
        (0.9, 0.9, None, True, False, "no better than the champion's 0.9"),
        (0.9, 0.95, None, True, False, "no better than the champion's 0.95"),
        (0.4, None, None, True, False, "0.4 needs no feature at all"),
        (0.9, None, 0.95, False, False, "asks for at least 0.95"),
    ],
)
def test_only_a_better_version_may_serve(
    held_out: float,
    champion: float | None,
    at_least: float | None,
    registered: bool,
    promoted: bool,
    reason: str,
) -> None:
    decision = decide(scores(held_out), champion, at_least)
    assert (decision.registered, decision.promoted) == (registered, promoted)
    assert reason in decision.reason


@dataclass(frozen=True)
class Model:
    size: int


def test_a_model_is_loaded_once_however_many_ask() -> None:
    pool: ModelPool[Model] = ModelPool(100)
    everybody, loads = threading.Barrier(8), []

    def load() -> Model:
        loads.append(1)
        return Model(10)

    def ask(_: int) -> Model:
        everybody.wait()
        return pool.get("a", load)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert len({id(model) for model in found}) == len(loads) == 1


def test_who_waits_for_a_load_that_fails_hears_why_and_the_next_tries_again() -> None:
    pool: ModelPool[Model] = ModelPool(100)

    def fail() -> Model:
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        pool.get("a", fail)
    assert pool.get("a", lambda: Model(1)).size == 1


def test_what_is_asked_for_often_and_dear_to_load_stays() -> None:
    now = [0.0]
    pool: ModelPool[Model] = ModelPool(100, clock=lambda: now[0])

    def load_in(seconds: float, size: int) -> Model:
        now[0] += seconds
        return Model(size)

    for _ in range(3):
        pool.get("dear", lambda: load_in(10, 50))
    pool.get("cheap", lambda: load_in(0.1, 50))
    pool.get("new", lambda: load_in(1, 50))
    assert pool.figures().evictions == 1
    pool.get("dear", lambda: pytest.fail("it was evicted"))


def test_what_nobody_asks_for_is_unloaded() -> None:
    now = [0.0]
    pool: ModelPool[Model] = ModelPool(100, idle_s=60, clock=lambda: now[0])
    pool.get("a", lambda: Model(1))
    now[0] = 59
    pool.get("b", lambda: Model(1))
    now[0] = 61
    assert pool.unload_idle() == 1
    assert pool.figures().models == 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 60)), max_size=60))
def test_it_never_holds_more_than_it_may_but_for_one(asked: list[tuple[str, int]]) -> None:
    pool: ModelPool[Model] = ModelPool(100)
    sizes = dict(asked)
    for name, _ in asked:
        assert pool.get(name, lambda name=name: Model(sizes[name])).size == sizes[name]  # type: ignore[misc]
        assert pool.figures().bytes <= 100
