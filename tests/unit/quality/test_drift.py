"""What counts as drift, and how its thresholds follow what was seen."""

import numpy as np
import pandas as pd

from neurocortex.quality.drift import Aspect, changes
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.profiling import profile_of


def load(
    seed: int,
    rows: int = 2000,
    mean: float = 50.0,
    missing: float = 0.0,
    kinds: tuple[str, ...] = ("a", "b", "c"),
) -> TableProfile:
    random = np.random.default_rng(seed)
    kind = random.choice(kinds, rows).astype(object)
    kind[random.random(rows) < missing] = None
    amount = [f"{each:.2f}" for each in random.normal(mean, 10, rows)]
    return profile_of(pd.DataFrame({"amount": amount, "kind": kind}, dtype=object), "sales")


def told(new: TableProfile, history: list[TableProfile]) -> set[tuple[str, Aspect]]:
    return {(each.column, each.aspect) for each in changes(new, history)}


def test_the_first_load_has_nothing_to_differ_from() -> None:
    assert changes(load(0), []) == ()


def test_samples_of_the_same_data_do_not_drift() -> None:
    for earlier in (1, 3, 8):
        history = [load(seed) for seed in range(earlier)]
        assert told(load(99), history) == set()
        assert told(load(98, rows=1800), history) == set()


def test_small_loads_are_not_alarming() -> None:
    assert told(load(99, rows=40), [load(seed, rows=40) for seed in range(6)]) == set()


def test_a_shift_of_values_is_told_with_what_moved() -> None:
    (change,) = changes(load(99, mean=60), [load(seed) for seed in range(3)])
    assert (change.column, change.aspect) == ("amount", Aspect.DISTRIBUTION)
    assert change.figure > change.threshold
    assert "the median was" in change.sentence


def test_the_threshold_adapts_to_loads_that_vary() -> None:
    steady = [load(seed, mean=50) for seed in range(6)]
    varied = [load(seed, mean=40 + 4 * seed) for seed in range(6)]
    assert ("amount", Aspect.DISTRIBUTION) in told(load(99, mean=55), steady)
    assert told(load(99, mean=55), varied) == set()


def test_more_missing_values() -> None:
    history = [load(seed) for seed in range(3)]
    assert ("kind", Aspect.MISSING) in told(load(99, missing=0.02), history)
    assert told(load(99, missing=0.001), history) == set()


def test_a_share_of_missing_values_that_varies_is_allowed_to() -> None:
    history = [load(seed, missing=share) for seed, share in enumerate((0.1, 0.3, 0.2, 0.4, 0.15))]
    assert ("kind", Aspect.MISSING) not in told(load(99, missing=0.25), history)


def test_new_category_values_are_named() -> None:
    history = [load(seed) for seed in range(2)]
    new = load(99, kinds=("a", "b", "c", "zebra"))
    (change,) = (each for each in changes(new, history) if each.aspect is Aspect.NEW)
    assert "'zebra'" in change.sentence


def test_half_a_load() -> None:
    history = [load(seed) for seed in range(3)]
    assert ("", Aspect.VOLUME) in told(load(99, rows=800), history)
    assert ("", Aspect.VOLUME) not in told(load(99, rows=1500), history)


def test_a_drifted_schema() -> None:
    before = load(0)
    amount, kind = before.columns
    renamed = before.model_copy(
        update={"columns": (amount, kind.model_copy(update={"name": "sort"}))}
    )
    assert told(renamed, [before]) >= {("kind", Aspect.SCHEMA), ("sort", Aspect.SCHEMA)}
    frame = pd.DataFrame({"amount": ["much", "little"] * 50, "kind": ["a"] * 100}, dtype=object)
    assert ("amount", Aspect.SCHEMA) in told(profile_of(frame, "sales"), [before])


def test_a_profile_survives_being_kept_as_json() -> None:
    profile = load(1, missing=0.1)
    assert TableProfile.model_validate_json(profile.model_dump_json()) == profile
