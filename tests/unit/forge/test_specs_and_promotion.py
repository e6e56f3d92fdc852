"""Training specs in YAML, and who may serve."""

from pathlib import Path

import pytest

from neurocortex.errors import TrainingSpecError
from neurocortex.forge import catalog
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
