"""From a table of the Lake to a model that serves; and what is refused on the way."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.run_etl import run_etl
from flows.train_model import train_model
from neurocortex.errors import (
    FeaturesError,
    ForgeUnavailableError,
    ModelCorruptError,
    ModelNotFoundError,
    TargetNotFoundError,
)
from neurocortex.forge import store
from neurocortex.forge.registry import Registry
from neurocortex.forge.store import Place
from neurocortex.forge.versions import CHALLENGER, CHAMPION
from neurocortex.lake.store import Lake
from tasks.models import predict_rows

WINE = {
    "alcohol": 14.2,
    "malic_acid": 1.7,
    "ash": 2.4,
    "alcalinity_of_ash": 15.6,
    "magnesium": 127,
    "total_phenols": 2.8,
    "flavanoids": 3.1,
    "nonflavanoid_phenols": 0.28,
    "proanthocyanins": 2.3,
    "color_intensity": 5.6,
    "hue": 1.0,
    "od280_od315": 3.9,
    "proline": 1065,
}
"""The first wine of the table, of class_0."""


def test_a_model_is_trained_serves_and_is_replaced_only_by_a_better_one(
    lake: Lake, forge: Place
) -> None:
    run_etl("wine")
    first = train_model("wine_cultivar")
    assert (first.version, first.promoted) == (1, True)
    assert first.scores.held_out > 0.9 > first.scores.baseline
    assert (first.lineage.table, first.lineage.rows) == ("wine", 178)

    (answer, other) = predict_rows.fn(
        [(WINE,), ({**WINE, "ash": None},)], "default", "wine_cultivar", CHAMPION
    )
    assert (answer.predictions, answer.version) == (("class_0",), 1)
    assert answer.probabilities is not None
    assert sum(answer.probabilities[0].values()) == pytest.approx(1)
    assert len(other.predictions) == 1

    again = train_model("wine_cultivar")
    assert (again.version, again.promoted) == (2, False)
    assert again.champion == again.scores.held_out
    assert again.lineage == first.lineage

    registry = Registry(forge)
    newest, serving = registry.versions("wine_cultivar")
    assert (newest.number, newest.aliases) == (2, (CHALLENGER,))
    assert (serving.number, serving.aliases) == (1, (CHAMPION,))
    assert registry.card(serving).scores == first.scores
    assert registry.promote(newest).aliases == (CHAMPION,)
    assert registry.version("wine_cultivar").number == 2

    with pytest.raises(FeaturesError, match="no value for ash"):
        predict_rows.fn(
            [({name: value for name, value in WINE.items() if name != "ash"},)],
            *("default", "wine_cultivar", "2"),
        )
    with pytest.raises(ModelNotFoundError, match="no version '9'"):
        registry.version("wine_cultivar", "9")
    with pytest.raises(ModelNotFoundError, match="There are: wine_cultivar"):
        registry.version("wine")

    assert forge.artifacts is not None
    (artifact,) = forge.artifacts.glob(f"**/{serving.run}/**/model.skops")
    artifact.write_bytes(artifact.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelCorruptError, match="not those that were registered"):
        registry.load(serving)
    artifact.unlink()
    with pytest.raises(ModelCorruptError, match="is gone"):
        registry.load(serving)


def test_a_model_that_is_not_good_enough_is_not_registered_and_all_others_are_listed(
    lake: Lake, forge: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_etl("wine")
    spec = tmp_path / "ash.yaml"
    spec.write_text(
        "name: ash\ndescription: From its hue.\ntask: regression\ntable: wine\ntarget: ash\n"
        "features: [hue]\nestimator: ridge\nmetric: r2\nat_least: 0.5\n"
    )
    report = train_model(str(spec))
    assert (report.version, report.promoted) == (None, False)
    assert "at least 0.5" in report.reason
    assert list(Registry(forge).models()) == []
    with store.opened(forge) as client:
        for name in ("birch", "oak", "elm"):
            client.create_registered_model(name)
    monkeypatch.setattr("neurocortex.forge.registry.PAGE", 2)
    assert list(Registry(forge).models()) == ["birch", "elm", "oak"]


def test_a_table_that_is_not_there_is_named(lake: Lake, forge: Place) -> None:
    with pytest.raises(TargetNotFoundError, match="wine"):
        train_model("wine_cultivar")


def test_a_registry_that_is_away_is_said_without_its_password() -> None:
    with pytest.raises(ForgeUnavailableError) as refused:
        Registry(Place(SecretStr("postgresql://me:hidden@127.0.0.1:9/forge")))
    assert "hidden" not in str(refused.value)
